export function failure(message: string, remedy: string, cause?: unknown): Error & { remedy: string };
export function runMain(main: () => number | undefined | Promise<number | undefined>): Promise<void>;
