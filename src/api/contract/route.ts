import type { z } from 'zod';

/** Roles of people and machines. `operator` and `approver` may read; `admin` may everything. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const INCLUDES: Record<Role, readonly Role[]> = {
  viewer: ['viewer'],
  operator: ['viewer', 'operator'],
  approver: ['viewer', 'approver'],
  admin: ROLES,
};

/** The given roles with all that they include. Words that are no roles are left out. */
export const expandRoles = (given: readonly string[]): Role[] => {
  const held = new Set(ROLES.filter((role) => given.includes(role)).flatMap((role) => INCLUDES[role]));
  return ROLES.filter((role) => held.has(role));
};

/** What a route asks for; `public` needs no token, and `signed` a body that is signed by a source of alerts. */
export type Access = Role | 'public' | 'signed';

export interface Answer {
  description: string;
  /** Absent: no body, or one of another media type. */
  schema?: z.ZodType;
  /** Default `application/json`. */
  contentType?: string;
  headers?: Record<string, string>;
}

export interface RouteSpec {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As in OpenAPI: `{id}`. */
  path: string;
  tag: string;
  summary: string;
  access: Access;
  /** Whether it changes anything: then it is audited. */
  changes: boolean;
  /** Everybody who may ask gets the same answer: those who ask at the same moment share it. */
  shared?: boolean;
  params?: z.ZodObject;
  query?: z.ZodObject;
  headers?: z.ZodObject;
  body?: z.ZodType;
  answers: Record<number, Answer>;
  /** Statuses of problems besides those that every such route may answer with. */
  problems?: readonly number[];
}

/** Keeps the exact types of the schemas. */
export const defineRoute = <const Spec extends RouteSpec>(spec: Spec): Spec => spec;

/** Every status that a route may answer with, in order. */
export function statusesOf({
  method,
  access,
  params,
  query,
  headers,
  body,
  answers,
  problems = [],
}: RouteSpec): number[] {
  const found = new Set([...Object.keys(answers).map(Number), ...problems, 403, 429, 431, 500, 503]);
  if (access !== 'public') [401, 504].forEach((status) => found.add(status));
  if (params ?? query ?? headers ?? body) found.add(400);
  if (method !== 'GET') [400, 413, 415].forEach((status) => found.add(status));
  return [...found].sort((a, b) => a - b);
}
