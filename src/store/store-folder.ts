import path from 'node:path';

/** Where a host keeps its checkpoints. */
export const storeFolder = (dataDir: string): string => path.join(dataDir, 'store.git');
