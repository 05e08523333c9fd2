import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';

type Ids =
  | 'listMonitors'
  | 'getMonitor'
  | 'startMonitor'
  | 'stopMonitor'
  | 'setMaintenance'
  | 'resetMonitorTarget'
  | 'checkMonitor';

export function monitorHandlers({
  recoveries: { monitors },
  settings,
}: Pick<ApiDeps, 'recoveries' | 'settings'>): Handlers<Ids> {
  return {
    async listMonitors() {
      return { status: 200, body: { items: await monitors.list() } };
    },
    async getMonitor({ params: { name } }) {
      return { status: 200, body: await monitors.health(name) };
    },
    async startMonitor({ body: { reason, definition }, actor }) {
      const change = { by: actor.name, reason, defaultHost: settings.host };
      return { status: 200, body: await monitors.start(definition, change) };
    },
    async stopMonitor({ params: { name }, body: { reason }, actor }) {
      return { status: 200, body: await monitors.stop(name, { by: actor.name, reason }) };
    },
    async setMaintenance({ params: { name }, body, actor }) {
      return { status: 200, body: await monitors.maintenance(name, { ...compact(body), by: actor.name }) };
    },
    async resetMonitorTarget({ params: { name }, body, actor }) {
      return { status: 200, body: await monitors.resetTarget(name, { ...body, by: actor.name }) };
    },
    async checkMonitor({ params: { name }, body, actor }) {
      return { status: 200, body: await monitors.checkNow(name, { ...compact(body), by: actor.name }) };
    },
  };
}
