import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';

type Ids = 'listServices' | 'getService' | 'degradeService' | 'restoreService';

export function serviceStateHandlers({ recoveries: { services } }: Pick<ApiDeps, 'recoveries'>): Handlers<Ids> {
  return {
    async listServices() {
      return { status: 200, body: { items: await services.list() } };
    },
    async getService({ params: { name } }) {
      return { status: 200, body: await services.status(name) };
    },
    async degradeService({ params: { name }, body, actor }) {
      return { status: 200, body: await services.degrade(name, { ...compact(body), by: actor.name }) };
    },
    async restoreService({ params: { name }, body: { reason }, actor }) {
      return { status: 200, body: await services.restore(name, { reason, by: actor.name }) };
    },
  };
}
