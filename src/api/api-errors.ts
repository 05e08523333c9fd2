import type { z } from 'zod';
import { RerailError } from '../domain/errors.ts';
import { messageOfIssue } from '../domain/parse-input.ts';

export interface FieldProblem {
  field: string;
  message: string;
}

const fieldOf = (path: readonly PropertyKey[]): string => path.map(String).join('.');

/** One for each wrong field; an unknown field is named itself, not the object that it is in. */
export const fieldProblems = (issues: readonly z.core.$ZodIssue[]): FieldProblem[] =>
  issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: fieldOf([...issue.path, key]), message: explainUnknown(key) }))
      : [{ field: fieldOf(issue.path) || 'body', message: messageOfIssue(issue) }],
  );

const explainUnknown = (key: string): string =>
  key === 'by' || key === 'actor' || key === 'roles'
    ? 'is not taken from the request: who you are comes from your token'
    : 'is not a field of this request';

/** Bad input, with a list of the fields. */
export function inputError(part: string, issues: readonly z.core.$ZodIssue[]): RerailError {
  const errors = fieldProblems(issues);
  const text = errors
    .slice(0, 5)
    .map(({ field, message }) => `${field}: ${message}`)
    .join('; ');
  return new RerailError('invalid-input', `the ${part} is not valid: ${text}`, {
    remedy: 'Correct the named fields.',
    details: { errors },
    nonRetryable: true,
  });
}

export const unauthenticated = (why: string): RerailError =>
  new RerailError('unauthenticated', why, {
    remedy: 'Send a valid token: `Authorization: Bearer …`.',
    nonRetryable: true,
  });

export const accessDenied = (why: string, remedy: string): RerailError =>
  new RerailError('access-denied', why, { remedy, nonRetryable: true });

export const routeNotFound = (what: string): RerailError =>
  new RerailError('route-not-found', `there is nothing at ${what}`, {
    remedy: 'See /openapi.json for what there is.',
    nonRetryable: true,
  });
