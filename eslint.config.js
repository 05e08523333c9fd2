import { builtinModules } from 'node:module';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import tseslint from 'typescript-eslint';

const PURE = ['src/{domain,planner,resilience,workflows}/**/*.ts'];
const nodeBuiltins = {
  paths: builtinModules.map((name) => ({ name, message: 'This folder is pure: pass in what it needs.' })),
  patterns: [{ group: ['node:*'], message: 'This folder is pure: pass in what it needs.' }],
};

/** One rule has one severity, so the core rule appears twice under different names: fail over 400, warn over 250. */
const size = { rules: { 'max-lines-soft': builtinRules.get('max-lines') } };
const lines = (max) => ({ max, skipBlankLines: false, skipComments: false });

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'docs/reference/'] },
  {
    files: ['**/*.{ts,tsx,js,mjs}'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { 'no-console': 'error', 'object-shorthand': 'error', eqeqeq: 'error', 'prefer-const': 'error' },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { size },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union, or an object `as const`.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'dashboard/**/*.{ts,tsx}'],
    rules: {
      'max-lines': ['error', lines(400)],
      'size/max-lines-soft': ['warn', lines(250)],
      '@typescript-eslint/no-deprecated': 'warn',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': ['error', lines(600)],
      // `expect.objectContaining` and its like are typed `any` by vitest.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: PURE, rules: { 'no-restricted-imports': ['error', nodeBuiltins] } },
  {
    files: ['src/workflows/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/*.schema.ts', '**/activities/**', 'zod'],
              allowTypeImports: true,
              message: 'The sandbox takes types only from here: zod doubles the cost of loading a workflow.',
            },
            {
              group: ['**/planner/**'],
              message: 'A planner changed under a running recovery must not change its replay.',
            },
            {
              group: ['@temporalio/workflow'],
              importNames: ['proxyLocalActivities'],
              message: 'A history with local activities may not replay (docs/decisions/0022).',
            },
          ],
        },
      ],
    },
  },
  {
    // Vitest, ESLint and the like ask for a default export.
    files: [
      '*.config.{ts,js}',
      'dashboard/vite.config.ts',
      '.dependency-cruiser.js',
      'test/support/global-setup.ts',
      'test/support/closing-line-reporter.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['src/cli/output/**/*.ts', 'scripts/**', 'examples/**', 'bench/**', 'test/support/**'],
    rules: { 'no-console': 'off' },
  },
);
