import picomatch from 'picomatch';

/** Where a restore puts things aside when it cannot do so beside the root. Never part of a tree. */
export const STAGE_PREFIX = '.rerail-stage-';

export type Excluded = (path: string) => boolean;

/** Globs are matched against the path below the root; a directory that matches is left out with all it holds. */
export function createExcluded(patterns: readonly string[]): Excluded {
  const matches = picomatch([...patterns], { dot: true, nonegate: true });
  return (path) => {
    if (path.startsWith(STAGE_PREFIX)) return true;
    // In a glob `**` stops at a line end; in a file name that is a letter like others.
    return patterns.length > 0 && matches(path.includes('\n') ? path.replaceAll('\n', '_') : path);
  };
}
