import path from 'node:path';

export const auditFolder = (dataDir: string): string => path.join(dataDir, 'audit');
