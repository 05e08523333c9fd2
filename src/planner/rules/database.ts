import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** SQLSTATE, and the codes of SQLite. */
export const DATABASE_CODE_RULES: readonly ClassificationRule[] = [
  {
    name: 'database error code',
    code: /^(08[0-9A-Z]{3}|57P0[1-3]|40001|40P01)$/,
    then: { category: 'EXTERNAL', type: 'database', severity: 'HIGH' },
  },
  {
    name: 'the database gave up waiting',
    code: /^(55P03|57014)$/,
    then: { category: 'TRANSIENT', type: 'database', severity: 'MEDIUM' },
  },
  {
    name: 'a limit of the database is reached',
    code: /^(53[0-9A-Z]{3}|54[0-9A-Z]{3}|SQLITE_FULL)$/,
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
  },
  {
    name: 'the data of the database are damaged',
    code: /^(XX00[12]|58030|SQLITE_CORRUPT\w*|SQLITE_NOTADB)$/,
    then: { category: 'CRITICAL', type: 'database', severity: 'CRITICAL' },
  },
  {
    name: 'the database takes no writes',
    code: /^(25006|SQLITE_READONLY\w*)$/,
    then: { category: 'EXTERNAL', type: 'database', severity: 'HIGH' },
  },
  {
    name: 'the data break a rule of the database',
    code: /^(22[0-9A-Z]{3}|23[0-9A-Z]{3}|SQLITE_CONSTRAINT\w*)$/,
    then: { category: 'VALIDATION', type: 'database', severity: 'MEDIUM' },
  },
  {
    name: 'the statement does not fit the database',
    code: /^(42[0-9A-Z]{3}|3[DF]000|25P02|0A000)$/,
    then: { category: 'LOGIC', type: 'database', severity: 'HIGH' },
  },
  {
    name: 'the database is locked',
    code: /^(SQLITE_BUSY\w*|SQLITE_LOCKED\w*)$/,
    then: { category: 'TRANSIENT', type: 'database', severity: 'MEDIUM' },
  },
  {
    name: 'the database failed inside',
    code: /^(XX000|F0000|58[0-9A-Z]{3})$/,
    then: { category: 'EXTERNAL', type: 'database', severity: 'HIGH' },
  },
];

/** Error replies of Redis and messages of PostgreSQL, wherever they are printed. */
export const DATABASE_TEXT_RULES: readonly ClassificationRule[] = [
  {
    name: 'Redis wants other credentials',
    message: /\b(NOAUTH Authentication|WRONGPASS |NOPERM )/,
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'Redis may use no more memory or disk',
    message: /\bOOM command not allowed|\bMISCONF /,
    then: { category: 'RESOURCE', type: 'cache', severity: 'HIGH' },
  },
  {
    name: 'Redis is not ready for the moment',
    message: /\bLOADING Redis|\bBUSY Redis|\bTRYAGAIN |\bREADONLY You can|\bNOREPLICAS /,
    then: { category: 'TRANSIENT', type: 'cache', severity: 'MEDIUM' },
  },
  {
    name: 'the Redis cluster is down',
    message: /\bCLUSTERDOWN |\bMASTERDOWN /,
    then: { category: 'EXTERNAL', type: 'cache', severity: 'HIGH' },
  },
  {
    name: 'Redis keeps the key on another node',
    message: /\b(MOVED|ASK) \d+ \S+:\d+/,
    then: { category: 'VALIDATION', type: 'cache', severity: 'MEDIUM' },
  },
  {
    name: 'Redis keeps another type under the key',
    message: /\bWRONGTYPE Operation/,
    then: { category: 'LOGIC', type: 'cache', severity: 'MEDIUM' },
  },
  {
    name: 'PostgreSQL takes no more connections',
    message: /too many clients already|remaining connection slots are reserved/,
    then: { category: 'RESOURCE', type: 'database', severity: 'HIGH' },
  },
  {
    name: 'PostgreSQL is not ready or gave up a transaction',
    message:
      /the database system is (starting up|shutting down|in recovery)|terminating connection due to|deadlock detected|could not serialize access|server closed the connection unexpectedly/,
    then: { category: 'EXTERNAL', type: 'database', severity: 'HIGH' },
  },
];
