/** What a client has to know of the workflows: names and shapes of messages, and what they are found by. */
const FACE = ['workflows/messages', 'workflows/search-attributes'];

/** Which folders each folder may import; itself is always allowed. The order is inside to outside. */
const LAYERS = {
  domain: [],
  planner: ['domain'],
  resilience: ['domain'],
  workflows: ['domain', 'resilience'],
  telemetry: ['domain', 'process'],
  process: ['domain'],
  embedded: ['domain', 'process'],
  config: ['domain', 'embedded'],
  store: ['domain', 'process'],
  encryption: ['domain', 'process', 'config'],
  activities: ['domain', 'planner', 'resilience', 'store', 'process', 'telemetry', 'config'],
  client: ['domain', 'telemetry', ...FACE],
  api: ['domain', 'planner', 'client', ...FACE, 'process', 'config', 'telemetry'],
  cli: ['api', 'domain', 'planner', 'client', ...FACE, 'config', 'telemetry', 'embedded', 'process', 'encryption'],
};

/** Where things are put together: they may import everything. */
const COMPOSITION_ROOTS = '^src/(index|worker|plugin|testing)\\.ts$|^src/cli/(main\\.ts$|serve-worker\\.ts$|commands/)';

const PURE = '^src/(domain|planner|resilience|workflows)/';
const PURE_PACKAGES = '^node_modules/(zod|ms|@temporalio/(workflow|common|interceptors-opentelemetry))/';

/** A reference must stay one in clients and workflows: what they resolve would be in a history. */
const SECRET_READERS =
  '^(src/(activities/|process/command-environment\\.ts$|api/webhooks/signature-check\\.ts$|encryption/load-keyring\\.ts$)|test/)';

const typeOnly = ['type-only'];

const layerRules = Object.entries(LAYERS).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  comment: `src/${layer} may import ${[layer, ...allowed].join(', ')}; types may come from elsewhere.`,
  severity: 'error',
  from: { path: `^src/${layer}/`, pathNot: COMPOSITION_ROOTS },
  to: {
    path: '^src/',
    pathNot: `^src/(${[layer, ...allowed].join('|')})(/|\\.ts$)`,
    dependencyTypesNot: typeOnly,
  },
}));

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: typeOnly } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'pure',
      comment: 'What a workflow loads may use the sandbox-safe packages and nothing of Node.',
      severity: 'error',
      from: { path: PURE },
      to: { pathNot: [PURE, PURE_PACKAGES], dependencyTypesNot: typeOnly },
    },
    {
      name: 'workflows-load-no-schemas',
      comment: 'zod doubles the cost of loading a workflow: schemas are types there.',
      severity: 'error',
      from: { path: '^src/(workflows|resilience)/' },
      to: { path: ['\\.schema\\.ts$', '^node_modules/zod/'], dependencyTypesNot: typeOnly },
    },
    {
      name: 'workflows-never-plan',
      comment: 'A planner changed under a running recovery must not change its replay.',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: { path: '^src/planner/' },
    },
    {
      name: 'no-dev-packages',
      comment: 'What ships may not need what is not installed with it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: typeOnly },
    },
    {
      name: 'domain-types',
      comment: 'Types are let through elsewhere; the innermost folder takes not even a type from the others.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: '^src/', pathNot: '^src/domain/' },
    },
    {
      name: 'dashboard-talks-http',
      comment:
        'The dashboard knows the engine by its HTTP API: of src it takes types, and the plain rules and words of domain.',
      severity: 'error',
      from: { path: '^dashboard/src/' },
      to: { path: '^src/', pathNot: '^src/domain/[^.]+\\.ts$', dependencyTypesNot: typeOnly },
    },
    {
      name: 'secrets-are-read-where-they-are-used',
      comment:
        'References to secrets (env:, file:) are resolved by activities, by the API for the signatures of its own webhooks, and for keyrings.',
      severity: 'error',
      from: { pathNot: SECRET_READERS },
      to: { path: '^src/process/read-secret\\.ts$' },
    },
    ...layerRules,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
