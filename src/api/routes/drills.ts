import { findDrills } from '../../config/load-drills.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';

export function drillHandlers({
  recoveries: { drills, drillSuites },
  settings,
}: Pick<ApiDeps, 'recoveries' | 'settings'>): Handlers<
  'listDrills' | 'getDrill' | 'listDrillSuites' | 'getDrillSuite' | 'startDrill' | 'cancelDrill'
> {
  return {
    async listDrills({ query }) {
      return { status: 200, body: { items: await drills.list(compact(query)) } };
    },
    async getDrill({ params: { id } }) {
      const handle = drills.handle(id);
      return { status: 200, body: { report: (await handle.isOpen()) ? null : await handle.result() } };
    },
    async listDrillSuites({ query }) {
      return { status: 200, body: { items: await drillSuites.list(compact(query)) } };
    },
    async getDrillSuite({ params: { id } }) {
      return { status: 200, body: await drillSuites.report(id) };
    },
    async startDrill({ body: { name, definition, host = settings.host } }) {
      const [drill] = definition ? [definition] : await findDrills([name ?? ''], 'built-in only');
      if (!drill) throw new Error('a name finds a drill or is refused');
      const { workflowId } = await drills.start({ name: drill.metadata.name, host, spec: drill.spec });
      return { status: 202, body: { workflowId } };
    },
    async cancelDrill({ params: { id } }) {
      const handle = drills.handle(id);
      await handle.cancel();
      return { status: 202, body: { workflowId: handle.workflowId } };
    },
  };
}
