import { createHarness, type Harness } from '../harness.ts';
import { bundleUserWorkflows } from './bundle.ts';

export interface UserHarness extends Harness {
  /** What the user's activities do, by name. */
  users: Record<string, (...args: never[]) => unknown>;
  /** What they were called with. */
  seen: { name: string; args: unknown[] }[];
}

export async function createUserHarness(options: {
  address: string;
  playbooks: string;
  bundle?: { code: string };
}): Promise<UserHarness> {
  const users: UserHarness['users'] = {};
  const seen: UserHarness['seen'] = [];
  const call =
    (name: string) =>
    async (...args: never[]): Promise<unknown> => {
      seen.push({ name, args });
      return Promise.resolve().then(() => users[name]?.(...args) ?? `${name} done`);
    };
  const activities = { charge: call('charge'), ship: call('ship'), reserve: call('reserve') };
  const { address, playbooks } = options;
  const workflowBundle = options.bundle ?? (await bundleUserWorkflows());
  return { ...(await createHarness({ address, workflowBundle, playbooks, activities })), users, seen };
}
