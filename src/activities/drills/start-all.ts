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

/** Everything that a sandbox runs, in the order in which they need each other. May be repeated. */
export async function startAll(place: SandboxPlace, sandbox: Sandbox, temporalServer?: TemporalServer): Promise<void> {
  await startServices(place, sandbox, temporalServer);
  await startProxies(place, sandbox);
  await startSessions(place, sandbox);
  const { work, secrets, socket } = place;
  const inputs = { sandbox: work, ports: await portsOf(place), secrets, socket, rerail: RERAIL };
  for (const { name, argv } of sandbox.processes) await startAndRemember(place, name, resolveLate(argv, inputs));
}
