import type { Sandbox } from '../../domain/drill-sandbox.schema.ts';
import { resolveLate } from '../../domain/late-values.ts';
import { startAndRemember } from './sandbox-argv.ts';
import { RERAIL } from './rerail-program.ts';
import type { SandboxPlace } from './sandbox-place.ts';
import { portsOf } from './sandbox-ports.ts';
import { startProxies } from './sandbox-proxies.ts';
import { startServices } from './sandbox-services.ts';
import { startSessions } from './sandbox-sessions.ts';
import type { TemporalServer } from './sandbox-temporal.ts';

export interface StartAllOptions {
  temporalServer?: TemporalServer | undefined;
  /** Stops between two steps, with its reason. */
  signal?: AbortSignal;
}

/** Everything that a sandbox runs, in the order in which they need each other. May be repeated. */
export async function startAll(place: SandboxPlace, sandbox: Sandbox, options: StartAllOptions = {}): Promise<void> {
  const { signal } = options;
  await startServices(place, sandbox, options);
  await startProxies(place, sandbox, signal);
  await startSessions(place, sandbox, signal);
  const { work, secrets, socket } = place;
  const inputs = { sandbox: work, ports: await portsOf(place), secrets, socket, rerail: RERAIL };
  for (const { name, argv } of sandbox.processes) {
    signal?.throwIfAborted();
    await startAndRemember(place, name, resolveLate(argv, inputs));
  }
}
