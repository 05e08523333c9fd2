import type { BundleOptions } from '@temporalio/worker';

/** What is imported lazily goes into the bundle as well, which is one file, and is run when it is asked for. */
export const bundleLazyImports: NonNullable<BundleOptions['webpackConfigHook']> = (config) => ({
  ...config,
  module: {
    ...config.module,
    parser: {
      ...config.module?.parser,
      javascript: {
        ...(config.module?.parser?.['javascript'] as Record<string, unknown> | undefined),
        dynamicImportMode: 'eager',
      },
    },
  },
});
