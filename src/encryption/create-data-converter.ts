import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createEncryptionCodec } from './encryption-codec.ts';
import type { Keyring } from './keyring.ts';

/** Temporal loads it with `require`; run from source, as tests do, the built one is used: Node 20 does not run TypeScript. */
const FAILURE_CONVERTER = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/encryption/failure-converter.js' : './failure-converter.js',
    import.meta.url,
  ),
);

/** For every client and worker that shares encrypted executions: `new Client({ connection, dataConverter })`. */
export const createDataConverter = (keyring: Keyring): DataConverter => ({
  failureConverterPath: FAILURE_CONVERTER,
  payloadCodecs: [createEncryptionCodec(keyring)],
});
