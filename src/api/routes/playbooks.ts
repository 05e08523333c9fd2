import { stringify } from 'yaml';
import { loadDefinitions, loadPlaybooks } from '../../config/load-playbooks.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { FailureSchema } from '../../domain/failure.schema.ts';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import { resolveActions, toDrilled, toListed } from '../../planner/describe-playbook.ts';
import { findPlaybook } from '../../planner/make-plan.ts';
import { previewPlan } from '../../planner/preview-plan.ts';
import { sha256 } from '../../process/digests.ts';
import type { ApiDeps, Handlers } from '../handler.ts';

export function playbookHandlers({
  recoveries,
  settings,
}: Pick<ApiDeps, 'recoveries' | 'settings'>): Handlers<'previewPlan' | 'listPlaybooks' | 'getPlaybook'> {
  const { playbooksDir, host } = settings;
  return {
    async previewPlan({ body: given, actor }) {
      const failure = FailureSchema.parse({ ...given.failure, source: { kind: 'api', name: actor.name } });
      const [definitions, checkpoints] = await Promise.all([
        loadDefinitions(playbooksDir),
        failure.subject === undefined ? [] : recoveries.checkpoints.list(failure.subject),
      ]);
      const body = previewPlan({
        ...definitions,
        failure,
        ...(given.playbook === undefined ? {} : { playbook: given.playbook }),
        inputs: given.inputs ?? {},
        checkpoints,
        defaultHost: host,
        sha256,
      });
      return { status: 200, body };
    },
    async listPlaybooks() {
      const playbooks = await loadPlaybooks(playbooksDir);
      // The list is one of files: it is there without Temporal, and says then that it does not know.
      const proofs = await recoveries.drills.proofs().catch((error: unknown) => {
        if (isRerailError(error) && error.code === 'server-unreachable') return undefined;
        throw error;
      });
      return { status: 200, body: { items: toDrilled(playbooks, proofs, sha256) } };
    },
    async getPlaybook({ params: { name } }) {
      const playbooks = await loadPlaybooks(playbooksDir);
      if (!playbooks.some((playbook) => playbook.name === name)) {
        throw new RerailError('playbook-not-found', `there is no playbook "${name}"`, {
          remedy: 'List them: GET /api/v1/playbooks.',
          nonRetryable: true,
        });
      }
      const playbook = findPlaybook(name, playbooks);
      const yaml = stringify(playbook.document, { lineWidth: 120 });
      const document = JSON.parse(JSON.stringify(playbook.document)) as Json;
      return {
        status: 200,
        body: { ...toListed(playbook, sha256), document, yaml, actions: resolveActions(playbook) },
      };
    },
  };
}
