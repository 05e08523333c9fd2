export type { CommandOperation, HttpOperation, Operation, OperationResult } from './operation.schema.ts';
import type { Operation } from './operation.schema.ts';

/** A command as one would type it; a word that a shell would read otherwise is quoted. */
export const describeArgv = (argv: readonly string[]): string =>
  argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');

/** One line that names an operation to a person: `npm test`, `GET http://...`, `activity resetPool`. */
export function describeOperation(operation: Operation): string {
  switch (operation.kind) {
    case 'command':
      return describeArgv(operation.argv);
    case 'http':
      return `${operation.method} ${operation.url}`;
    case 'activity':
      return `activity ${operation.name}`;
    case 'workflow':
      return `workflow ${operation.type}`;
    case 'execution':
      return `reset of ${operation.workflowId}`;
  }
}
