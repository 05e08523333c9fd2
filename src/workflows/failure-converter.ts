import { DefaultFailureConverter } from '@temporalio/common';

/**
 * The sandbox knows no settings, and one bundle is built for all: where payloads are encrypted, the worker replaces these
 * words in the code of the bundle (encryption/encrypt-failures.ts).
 */
const FAILURES: string = 'rerail:plain-failures';

/** Puts messages and stack traces of failures into a payload where it is to be encrypted. */
export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: FAILURES === 'rerail:encoded-failures',
});
