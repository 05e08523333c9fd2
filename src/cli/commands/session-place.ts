import path from 'node:path';
import { createCheckpointActivities } from '../../activities/checkpoints/create-checkpoint-activities.ts';
import { createProviderRegistry } from '../../activities/providers/provider.ts';
import {
  createSessionActivities,
  type SessionDependencies,
} from '../../activities/sessions/create-session-activities.ts';
import { loadDefinitions } from '../../config/load-playbooks.ts';
import { newId } from '../../domain/ids.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { SessionSpecSchema } from '../../domain/session.schema.ts';
import type { SessionSpec, SessionSpecInput } from '../../domain/session.ts';
import { createGitStore } from '../../store/git-store/create-git-store.ts';
import { storeFolder } from '../../store/store-folder.ts';
import type { Context } from '../context.ts';

export interface PlaceOptions {
  socket?: string;
  subject?: string;
}

/** The session of the component with that name, else the tmux session of that name. */
export async function findSpec(
  { settings }: Context,
  name: string,
  { socket, subject }: PlaceOptions,
  more: Partial<SessionSpecInput> = {},
): Promise<SessionSpec> {
  const { components } = await loadDefinitions(settings.playbooksDir);
  const defined = components.find((component) => component.name === name)?.spec.session;
  const given = {
    ...(defined ?? { name }),
    ...(socket === undefined ? {} : { socket: path.resolve(socket) }),
    ...(subject === undefined ? {} : { subject }),
    ...more,
  };
  return parseInput(SessionSpecSchema, given, `The session ${name}`);
}

/** The activities of this host, done right here: a terminal is seen only by who runs beside it. */
export function sessionsHere({ settings }: Context, ledger?: SessionDependencies['ledger']) {
  const { dataDir, host } = settings;
  const storePath = storeFolder(dataDir);
  const openStore = () => createGitStore({ path: storePath });
  const execution = newId('cli');
  return createSessionActivities({
    dataDir,
    openStore,
    checkpointsWith: (provider) =>
      createCheckpointActivities({
        openStore,
        storePath,
        dataDir,
        host,
        providers: createProviderRegistry([provider]),
      }),
    ...(ledger ? { ledger } : {}),
    keys: () => ({ execution, step: execution }),
  });
}
