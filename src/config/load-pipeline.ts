import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, RerailError } from '../domain/errors.ts';
import { PipelineSchema } from '../domain/pipeline.schema.ts';
import type { Pipeline } from '../domain/pipeline.ts';
import { explainIssues, readYaml, type ParsedDocument } from './parse-yaml.ts';

export interface LoadedPipeline {
  pipeline: Pipeline;
  file: string;
  /** Absolute and free of links. */
  workspace: string;
}

async function resolveWorkspace(file: string, workspace: string): Promise<string> {
  const wanted = path.resolve(path.dirname(file), workspace);
  const found = await realpath(wanted).catch((cause: unknown) => {
    throw new RerailError('pipeline-invalid', `${file}: spec.workspace: ${wanted} cannot be used (${codeOf(cause)})`, {
      remedy: 'Name an existing directory, relative to the pipeline’s file.',
      cause,
      nonRetryable: true,
    });
  });
  if ((await stat(found)).isDirectory()) return found;
  throw new RerailError('pipeline-invalid', `${file}: spec.workspace: ${found} is not a directory`, {
    remedy: 'Name the directory that the steps run in.',
    nonRetryable: true,
  });
}

/** A relative path that stays inside: what `cwd` of a step must be. */
export function staysInside(relative: string): boolean {
  const normal = path.posix.normalize(relative);
  return !path.isAbsolute(relative) && normal !== '..' && !normal.startsWith('../');
}

/** Throws `pipeline-invalid` with line, column and field of every problem, or `path-outside-workspace`. */
export function checkPipeline(document: ParsedDocument): Pipeline {
  const parsed = PipelineSchema.safeParse(document.value);
  if (!parsed.success) {
    throw new RerailError('pipeline-invalid', explainIssues(parsed.error.issues, document), {
      remedy: 'Correct the named fields; docs/reference/pipeline.schema.json describes them all.',
      nonRetryable: true,
    });
  }
  parsed.data.spec.phases.forEach((phase, p) =>
    phase.steps.forEach((step, s) => {
      if (step.cwd === undefined || staysInside(step.cwd)) return;
      const place = document.locate(['spec', 'phases', p, 'steps', s, 'cwd']);
      throw new RerailError(
        'path-outside-workspace',
        `${place}: cwd of step ${step.name}: "${step.cwd}" leaves the workspace`,
        {
          remedy: 'Give a path inside the workspace, relative to it.',
          nonRetryable: true,
        },
      );
    }),
  );
  return parsed.data;
}

/** Reads and checks a pipeline. Throws `pipeline-invalid` or `path-outside-workspace`; starts nothing. */
export async function loadPipeline(given: string, options: { workspace?: string } = {}): Promise<LoadedPipeline> {
  const file = path.resolve(given);
  const documents = (await readYaml(file, 'pipeline-invalid')).filter((document) => document.value !== null);
  const document = documents[0];
  if (!document || documents.length > 1) {
    const found = documents.length === 0 ? 'is empty' : `holds ${documents.length} documents`;
    throw new RerailError('pipeline-invalid', `${file} ${found}`, {
      remedy: 'Write exactly one document of kind Pipeline.',
      nonRetryable: true,
    });
  }
  const pipeline = checkPipeline(document);
  const workspace = await resolveWorkspace(file, options.workspace ?? pipeline.spec.workspace);
  return { pipeline, file, workspace };
}
