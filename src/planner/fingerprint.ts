import { canonicalJson } from '../domain/canonical-json.ts';
import type { Failure } from '../domain/failure.ts';
import { withoutColour } from '../domain/without-colour.ts';
import type { Sha256 } from './hash-plan.ts';

/** What differs from one time to the next, with what is put in its place. The order matters: the longer forms first. */
const VOLATILE: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|[+-]\d\d:?\d\d|UTC|GMT))?)?/g, '<time>'],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d(?: \w{3})?/g, '<time>'],
  [/\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b/g, '<time>'],
  [/(?:\/private)?\/(?:tmp|var\/tmp|var\/folders|dev\/shm|run\/user)\/[^\s:;,'"`)\]}>]+/g, '<temporary>'],
  [/\b[A-Z]:\\[^\s:;,'"]*\\Temp\\[^\s:;,'"]+/gi, '<temporary>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b/gi, '<hex>'],
  [/\b(pid|process|thread|worker)([\s=:#[(]+)\d+/gi, '$1$2<pid>'],
  [/\[\d{2,}\]/g, '[<pid>]'],
  [/(\.[a-z]{1,5}):\d+(?::\d+)?\b/gi, '$1:<line>'],
  [/(\.[a-z]{1,5})\(\d+,\d+\)/gi, '$1(<line>)'],
  [/\b(lines?|columns?|position|offset)([\s:=]+)\d+/gi, '$1$2<line>'],
  [/\b(localhost|(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:]+\]|::1|[a-z0-9-]+(?:\.[a-z0-9-]+)+):\d{2,5}\b/gi, '$1:<port>'],
  [/\b(port)([\s:=]+)\d{2,5}\b/gi, '$1$2<port>'],
  [/\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|sec|secs|seconds?|milliseconds?|m|min|minutes?|h|hours?)\b/gi, '<duration>'],
  [/\b\d{6,}(?:\.\d+)?\b/g, '<number>'],
];

/** A longer text adds nothing to tell failures apart, and some of the patterns take quadratic time. */
const MAX_TEXT = 1_000;

const maskOnce = (text: string): string =>
  VOLATILE.reduce((masked, [pattern, name]) => masked.replace(pattern, name), withoutColour(text))
    .replace(/\s+/g, ' ')
    .trim();

/** The beginning of a text with all that changes from one time to the next put in brackets; twice changes nothing. */
export function normaliseText(given: string): string {
  // What is masked may be the border of what was none before. Each round takes digits or paths away, so it ends.
  let text = given.slice(0, MAX_TEXT);
  for (;;) {
    const next = maskOnce(text);
    if (next === text) return text;
    text = next;
  }
}

/** Lines of a command's output that tell one failure from another. */
const TELLING = /error|fail|fatal|exception|denied|refused|not ok|cannot|✖|✗|×|panic|assert/i;
const MAX_LINES = 20;
const MAX_OUTPUT = 100_000;

/** As a set in order: runners print failing tests in any order. */
function tellingLines(failure: Failure): string[] {
  const lines = [failure.stderr, failure.stdout]
    .flatMap((output) => (output ?? '').slice(-MAX_OUTPUT).split('\n'))
    .filter((line) => TELLING.test(line))
    .map(normaliseText);
  return [...new Set(lines)].sort().slice(0, MAX_LINES);
}

/**
 * Tells "the same failure again": equal over times, processes, ports, temporary directories and line numbers. The target is
 * no part of it, so that the same failure is also known on another one.
 */
export function fingerprint(failure: Failure, sha256: Sha256): string {
  const { code, errorName, exitCode, signal, httpStatus, component, run } = failure;
  const form = {
    ...Object.fromEntries(
      Object.entries({ code, errorName, exitCode, signal, httpStatus, component }).filter(
        ([, value]) => value !== undefined,
      ),
    ),
    ...(run ? { step: `${run.failed.phase}/${run.failed.step}` } : {}),
    message: normaliseText(failure.message),
    causes: failure.causes.map((cause) => [cause.name ?? '', cause.code ?? '', normaliseText(cause.message)]),
    lines: tellingLines(failure),
  };
  return sha256(canonicalJson(form));
}
