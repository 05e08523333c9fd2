import { CONTRACT } from './contract.ts';
import type { RouteSpec } from './contract/route.ts';

/** `/recoveries/{id}` as Fastify writes it; a colon that is no parameter is doubled. */
export const toFastifyPath = (path: string): string =>
  path.replaceAll(':', '::').replaceAll(/\{(\w+)\}/g, (_, name: string) => `:${name}`);

const escape = (text: string): string => text.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&');

const ROUTES = Object.values<RouteSpec>(CONTRACT).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${escape(path).replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The methods that the contract has for a path. */
export const methodsAt = (path: string): string[] => [
  ...new Set(ROUTES.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
];
