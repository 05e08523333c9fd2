import { readFile } from 'node:fs/promises';
import { LineCounter, parseAllDocuments, type Document } from 'yaml';
import type { z } from 'zod';
import { codeOf, messageOf, RerailError, type ErrorCode } from '../domain/errors.ts';
import { messageOfIssue } from '../domain/parse-input.ts';

export interface ParsedDocument {
  value: unknown;
  /** `file:line:column` of the value at a path, or of its nearest ancestor. */
  locate: (path: readonly PropertyKey[]) => string;
}

function locator(document: Document, lines: LineCounter, file: string) {
  return (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      const offset = node?.range?.[0] ?? (length === 0 ? document.contents?.range?.[0] : undefined);
      if (offset === undefined) continue;
      const { line, col } = lines.linePos(offset);
      return `${file}:${line}:${col}`;
    }
    return file;
  };
}

/** An alias without its anchor, or a heap of them, shows only here. */
function toValue(document: Document, file: string, code: ErrorCode): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new RerailError(code, `${file}: ${messageOf(cause)}`, {
      remedy: 'Correct the aliases (*name) of this document.',
      cause,
      nonRetryable: true,
    });
  }
}

/** Parses every document of a YAML text; a mistake is an error with line and column. */
export function parseYaml(text: string, file: string, code: ErrorCode): ParsedDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  return (Array.isArray(documents) ? documents : []).map((document) => {
    const problem = document.errors[0];
    if (problem) {
      const { line, col } = lines.linePos(problem.pos[0]);
      throw new RerailError(code, `${file}:${line}:${col}: ${problem.message}`, {
        remedy: 'Correct the YAML at this line and column.',
        nonRetryable: true,
      });
    }
    return { value: toValue(document, file, code), locate: locator(document, lines, file) };
  });
}

export async function readYaml(file: string, code: ErrorCode): Promise<ParsedDocument[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const why =
      codeOf(cause) === 'ENOENT' ? 'there is no such file' : `it cannot be read (${codeOf(cause) ?? 'unknown'})`;
    throw new RerailError(code, `${file}: ${why}`, { remedy: 'Check the path.', cause, nonRetryable: true });
  }
  return parseYaml(text, file, code);
}

/** Every problem with its place and field, one a line. */
export function explainIssues(issues: readonly z.core.$ZodIssue[], document: ParsedDocument): string {
  return issues
    .map((issue) => {
      const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
      const path = unknownKey === undefined ? issue.path : [...issue.path, unknownKey];
      return `${document.locate(path)}: ${path.map(String).join('.') || 'document'}: ${messageOfIssue(issue)}`;
    })
    .join('\n');
}
