import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';

type Ids =
  'listBreakers' | 'getBreaker' | 'openBreaker' | 'closeBreaker' | 'resetBreaker' | 'getAutomation' | 'setAutomation';

export function breakerHandlers({ recoveries: { breakers, automation } }: Pick<ApiDeps, 'recoveries'>): Handlers<Ids> {
  const position = async () => {
    const off = await automation.status();
    return off ? { automation: 'off' as const, ...off } : { automation: 'on' as const };
  };
  return {
    async listBreakers() {
      return { status: 200, body: { items: await breakers.list() } };
    },
    async getBreaker({ params: { name } }) {
      return { status: 200, body: await breakers.status(name) };
    },
    async openBreaker({ params: { name }, body: { reason }, actor }) {
      return { status: 200, body: await breakers.forceOpen(name, { by: actor.name, reason }) };
    },
    async closeBreaker({ params: { name }, body, actor }) {
      return { status: 200, body: await breakers.forceClose(name, { ...compact(body), by: actor.name }) };
    },
    async resetBreaker({ params: { name }, body: { reason }, actor }) {
      return { status: 200, body: await breakers.reset(name, { by: actor.name, reason }) };
    },
    async getAutomation() {
      return { status: 200, body: await position() };
    },
    async setAutomation({ body: { automation: wanted, reason }, actor }) {
      const change = await automation[wanted]({ by: actor.name, reason });
      return { status: 200, body: { ...(await position()), ...change } };
    },
  };
}
