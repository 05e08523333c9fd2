export function cachedS3Server(): string;
export function ensureS3Server(report: (line: string) => void): Promise<string>;
