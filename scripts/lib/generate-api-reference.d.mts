export function apiReference(document: Record<string, unknown>): string;
