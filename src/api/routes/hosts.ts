import type { ApiDeps, Handlers } from '../handler.ts';

type Ids = 'listHosts' | 'getHost' | 'drainHost' | 'undrainHost' | 'forgetHost';

export function hostHandlers({ recoveries: { hosts } }: Pick<ApiDeps, 'recoveries'>): Handlers<Ids> {
  return {
    async listHosts() {
      return { status: 200, body: { items: await hosts.list() } };
    },
    async getHost({ params: { name } }) {
      return { status: 200, body: await hosts.show(name) };
    },
    async drainHost({ params: { name }, body: { reason }, actor }) {
      return { status: 200, body: await hosts.drain(name, { by: actor.name, reason }) };
    },
    async undrainHost({ params: { name }, body: { reason }, actor }) {
      return { status: 200, body: await hosts.undrain(name, { by: actor.name, reason }) };
    },
    async forgetHost({ params: { name } }) {
      return { status: 200, body: await hosts.forget(name) };
    },
  };
}
