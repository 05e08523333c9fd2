/** What the suites drive for real, and the names of those that need it. */
export const PACKAGES: readonly { aptPackage: string; suites: () => string[] }[];
