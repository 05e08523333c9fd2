import { accessDenied } from '../api-errors.ts';
import { mayCall } from '../auth/actor.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';

type RunIds = 'listRuns' | 'startRun' | 'getRun' | 'cancelRun';
type TransactionIds = 'startTransaction' | 'getTransaction' | 'cancelTransaction';
type ExecutionIds = 'recoverExecution' | 'listBulks' | 'startBulk' | 'getBulk' | 'stopBulk';

const cancelling = (workflowId: string) =>
  ({
    status: 202,
    body: { workflowId, status: 'cancelling', note: 'is stopping and undoes what it has done' },
  }) as const;

export function runHandlers({ recoveries: { runs } }: Pick<ApiDeps, 'recoveries'>): Handlers<RunIds> {
  return {
    async listRuns({ query }) {
      return { status: 200, body: await runs.page(compact(query)) };
    },
    async startRun({ body: { inputs, ...body } }) {
      const { workflowId } = await runs.start({
        ...compact(body),
        ...(inputs === undefined ? {} : { inputs }),
      });
      return {
        status: 202,
        body: { workflowId, links: { self: `/api/v1/runs/${encodeURIComponent(workflowId)}` } },
      };
    },
    async getRun({ params: { id } }) {
      const handle = runs.getHandle(id);
      return (await handle.isOpen())
        ? { status: 200, body: { snapshot: await handle.status(), report: null } }
        : { status: 200, body: { snapshot: null, report: await handle.result() } };
    },
    async cancelRun({ params: { id } }) {
      await runs.getHandle(id).cancel();
      return cancelling(id);
    },
  };
}

export function transactionHandlers({
  recoveries: { transactions },
}: Pick<ApiDeps, 'recoveries'>): Handlers<TransactionIds> {
  return {
    async startTransaction({ body: { transaction, ...options } }) {
      const { key, workflowId, found } = await transactions.start(transaction, compact(options));
      const links = { self: `/api/v1/transactions/${encodeURIComponent(key)}` };
      const body = { workflowId, links };
      return found ? { status: 200, body } : { status: 202, body };
    },
    async getTransaction({ params: { key } }) {
      const handle = transactions.handle(key);
      return (await handle.isOpen())
        ? { status: 200, body: { snapshot: await handle.status(), report: null } }
        : { status: 200, body: { snapshot: null, report: await handle.result() } };
    },
    async cancelTransaction({ params: { key } }) {
      const handle = transactions.handle(key);
      await handle.cancel();
      return cancelling(handle.workflowId);
    },
  };
}

export function executionHandlers({
  recoveries: { executions, bulks },
}: Pick<ApiDeps, 'recoveries'>): Handlers<ExecutionIds> {
  return {
    async recoverExecution({ body: { dryRun, runId, ...body }, actor }) {
      const { workflowId } = body;
      if (dryRun) {
        const found = await executions.find(workflowId, runId);
        return { status: 200, body: { workflowId, runId: found.runId, dryRun, status: found.status } };
      }
      const reason = `${body.reason} (${actor.name})`;
      const done = await executions.recover({ ...body, reason, ...(runId === undefined ? {} : { runId }) });
      return { status: 200, body: { ...done, dryRun } };
    },
    async listBulks() {
      return { status: 200, body: { items: await bulks.list() } };
    },
    async startBulk({ body, actor }) {
      const input = { ...compact(body), by: actor.name };
      if (body.dryRun) return { status: 200, body: await bulks.preview(input) };
      if (!mayCall(actor, 'admin')) {
        throw accessDenied(
          'a bulk recovery that changes anything needs the role admin',
          'Ask an admin, or leave dryRun.',
        );
      }
      const { workflowId } = await bulks.start(input);
      return { status: 202, body: { workflowId, links: { self: `/api/v1/executions/bulks/${body.name}` } } };
    },
    async getBulk({ params: { name } }) {
      return { status: 200, body: await bulks.progress(name) };
    },
    async stopBulk({ params: { name }, body: { reason }, actor }) {
      const receipt = await bulks.stop(name, { by: actor.name, reason });
      return { status: 200, body: { workflowId: `bulk/${name}`, ...receipt } };
    },
  };
}
