import { RerailError } from '../../domain/errors.ts';

/** A drill that lacks a program says nothing about the recovery: it is invalid, and names what to install. */
export const missingTool = (program: string, aptPackage: string, cause?: unknown): RerailError =>
  new RerailError('command-not-found', `this drill needs ${program}, which is not installed`, {
    remedy: `Install it (Debian: apt-get install ${aptPackage}) on the host of the worker.`,
    nonRetryable: true,
    cause,
  });
