import type { Problem } from './types.ts';

/** The API has answered with a problem, or not at all. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export const UNREACHABLE: Problem = {
  title: 'The server does not answer',
  status: 0,
  detail: 'the connection to the API is gone',
  code: 'server-unreachable',
  remedy: 'It is tried again by itself. Look whether `rerail up` or `rerail serve` still runs.',
};

/** What anything thrown is for the page. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { title: 'Something went wrong on this page', status: 0, detail, code: 'unexpected' };
}

type Query = Record<string, string | number | boolean | undefined>;

export interface Api {
  token: string | undefined;
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => Promise<T>;
  send: <T>(method: 'POST' | 'PUT', path: string, body: object, query?: Query) => Promise<T>;
}

export function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [[key, String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'title' in value && 'detail' in value;

/** Throws `ProblemError` for all that is no success; `onSignedOut` hears of each 401. */
export function createApi(token: string | undefined, onSignedOut: (problem: Problem) => void): Api {
  async function ask(path: string, init: RequestInit): Promise<unknown> {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(path, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ProblemError(UNREACHABLE);
    }
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok) return body;
    const problem: Problem = isProblem(body)
      ? body
      : { ...UNREACHABLE, status: response.status, detail: `the answer was ${response.status} ${response.statusText}` };
    if (response.status === 401) onSignedOut(problem);
    throw new ProblemError(problem);
  }
  return {
    token,
    get: <T>(path: string, query?: Query, signal?: AbortSignal) =>
      ask(withQuery(path, query), signal ? { signal } : {}) as Promise<T>,
    send: <T>(method: 'POST' | 'PUT', path: string, body: object, query?: Query) =>
      ask(withQuery(path, query), {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }) as Promise<T>,
  };
}
