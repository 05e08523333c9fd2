import { expandRoles, type Access, type Role } from '../contract/route.ts';

/** Who asks. Always from the token, never from what a request says. */
export interface Actor {
  name: string;
  /** With all that they include. */
  roles: Role[];
  teams: string[];
  via: 'local' | 'token' | 'jwt' | 'signature' | 'link';
}

const NAME = /^[^\s\p{C}](?:[^\p{C}]{0,198}[^\s\p{C}])?$/u;

/** Names are shown in reports and compared: nothing invisible. */
export const isActorName = (name: string): boolean => NAME.test(name);

export const createActor = (
  name: string,
  { roles, teams = [], via }: { roles: readonly string[]; teams?: readonly string[]; via: Actor['via'] },
): Actor => ({ name, roles: expandRoles(roles), teams: [...teams], via });

/** Everybody on this machine, where no token is asked for. */
export const LOCAL_ACTOR: Actor = createActor('local', { roles: ['admin'], via: 'local' });

export const mayCall = ({ roles }: Pick<Actor, 'roles'>, access: Access): boolean =>
  access === 'public' || (access !== 'signed' && roles.includes(access));
