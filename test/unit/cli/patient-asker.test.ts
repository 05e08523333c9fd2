import { PassThrough } from 'node:stream';
import { beforeEach, expect, it } from 'vitest';
import { createOutput } from '../../../src/cli/output/output.ts';
import { createPatientAsker, type PatientAsker } from '../../../src/cli/patient-asker.ts';
import { RerailError } from '../../../src/domain/errors.ts';

const away = () => Promise.reject(new RerailError('timed-out', 'no worker answered in time'));
const broken = () => Promise.reject(new RerailError('recovery-not-found', 'it is not there'));

let stderr: PassThrough;
let stop: AbortController;
let asker: PatientAsker;
const said = (): string => String(stderr.read() ?? '');

beforeEach(() => {
  stderr = new PassThrough();
  stop = new AbortController();
  asker = createPatientAsker(createOutput({ format: 'text', color: 'never', stderr }), stop.signal);
});

it('says once that nobody answers, and once that somebody does again', async () => {
  expect(await asker.ask(away)).toBeUndefined();
  expect(await asker.ask(away)).toBeUndefined();
  expect(said()).toBe('Not answered for now, still watching: no worker answered in time.\n');
  expect(await asker.ask(() => Promise.resolve(1))).toBe(1);
  expect(await asker.ask(() => Promise.resolve(2))).toBe(2);
  expect(said()).toBe('Answered again.\n');
});

it('does not hide what is no silence', async () => {
  await expect(asker.ask(broken)).rejects.toMatchObject({ code: 'recovery-not-found' });
  await expect(asker.end(broken)).rejects.toMatchObject({ code: 'recovery-not-found' });
});

it('leaves a question that hangs as soon as it is to stop', async () => {
  const asked = asker.ask(() => new Promise(() => undefined));
  stop.abort();
  expect(await asked).toBeUndefined();
  expect(await asker.ask(() => Promise.resolve('too late'))).toBeUndefined();
});

it('waits for the end over an absence, but not after it is to stop', async () => {
  const answers = [away, () => Promise.resolve('the report')];
  expect(await asker.end(() => answers.shift()!())).toBe('the report');
  stop.abort();
  await expect(asker.end(away)).rejects.toMatchObject({ code: 'timed-out' });
});
