import { readFile } from 'node:fs/promises';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import { toMs, type Duration } from '../../domain/duration.ts';
import { readAuditPage } from '../audit/read-audit.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { routeNotFound } from '../api-errors.ts';
import { openApiDocument } from '../openapi.ts';

interface Wanted {
  by?: 'playbook' | 'failureType' | 'status';
  since?: Duration | undefined;
  limit?: number;
}

export async function statisticsOf({ knowledge }: RecoveryClient, { since, ...rest }: Wanted = {}) {
  const from = since === undefined ? {} : { since: new Date(Date.now() - toMs(since)) };
  const { groups, ...found } = await knowledge.statistics({ ...rest, ...from });
  return {
    ...found,
    groups: groups.map(({ humanWait, ...group }) => ({ ...group, ...(humanWait ? { humanWait } : {}) })),
  };
}

type Ids = 'statistics' | 'audit' | 'whoami' | 'health' | 'readiness' | 'metrics' | 'errorPage' | 'openapi';

export function insightHandlers({ recoveries, settings, audit, metrics, temporalUi }: ApiDeps): Handlers<Ids> {
  return {
    async statistics({ query }) {
      return { status: 200, body: await statisticsOf(recoveries, query) };
    },
    async audit({ query: { limit, cursor } }) {
      return { status: 200, body: await readAuditPage(audit.folder, { limit, cursor }) };
    },
    whoami: ({ actor: { name, roles, teams, via } }) =>
      Promise.resolve({
        status: 200,
        body: {
          name,
          roles,
          teams,
          via,
          signsApprovals: via !== 'local' && settings.approvalKeysFile !== undefined,
          namespace: recoveries.client.options.namespace,
          ...(temporalUi === undefined ? {} : { temporalUi }),
        },
      }),
    health: () => Promise.resolve({ status: 200, body: { ok: true } }),
    async readiness() {
      const checks = await recoveries.readiness();
      const ready = checks.every(({ ok }) => ok);
      const body = { ready, checks };
      return ready ? { status: 200, body } : { status: 503, body };
    },
    async metrics() {
      if (!metrics) throw routeNotFound('/metrics: this server keeps no metrics');
      const { contentType, body } = await metrics.render();
      return { status: 200, raw: body, contentType };
    },
    async errorPage({ params: { code } }) {
      const raw = await readFile(new URL(`../../../docs/errors/${code}.md`, import.meta.url), 'utf8');
      return { status: 200, raw, contentType: 'text/markdown; charset=utf-8' };
    },
    openapi: () => Promise.resolve({ status: 200, body: openApiDocument() }),
  };
}
