export function setUp(options?: { ownServer?: boolean }): Promise<{ serverPath: string }>;
