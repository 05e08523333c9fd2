import { describe, expect, it } from 'vitest';
import { OperationSchema } from '../../../src/domain/operation.schema.ts';

const command = { kind: 'command', argv: ['true'] };
const http = { kind: 'http', url: 'http://127.0.0.1/', method: 'POST' };

describe('a reference to a secret', () => {
  it('is taken where it is resolved', () => {
    expect(OperationSchema.safeParse({ ...command, secretEnv: { A: 'env:TOKEN', B: 'file:/run/b' } }).success).toBe(
      true,
    );
    expect(OperationSchema.safeParse({ ...http, secretHeaders: { authorization: 'env:TOKEN' } }).success).toBe(true);
  });

  it.each([
    ['env', { ...command, env: { A: 'env:TOKEN' } }, 'put it under secretEnv'],
    ['headers', { ...http, headers: { authorization: 'env:TOKEN' } }, 'put it under secretHeaders'],
    ['body', { ...http, body: { auth: [{ token: 'env:TOKEN' }] } }, 'bodies are sent as they are'],
  ])('is refused in %s, with the field and the remedy', (field, operation, remedy) => {
    const issue = OperationSchema.safeParse(operation).error?.issues[0];
    expect(issue?.path[0]).toBe(field);
    expect(issue?.message).toContain(remedy);
  });

  it('is not mistaken for what only looks a little like one', () => {
    const env = { URL: 'file:/data.db', STAGE: 'env:prod:eu', TEXT: 'see env:TOKEN' };
    expect(OperationSchema.safeParse({ ...command, env }).success).toBe(true);
  });
});
