import { setHandler } from '@temporalio/workflow';
import { hostActivities } from '../activity-proxies.ts';
import * as messages from '../messages.ts';
import { needTexts } from './check-message.ts';

const TIMEOUT = '10m';

/** Artifacts of a subject, by way of the worker of the host that has them. */
export function handleArtifacts(subject: string, inTurn: <T>(work: () => Promise<T>) => Promise<T>): void {
  const on = (host: string, summary: string) => hostActivities(host, { timeout: TIMEOUT, summary });
  setHandler(messages.listArtifactsUpdate, ({ host }) => on(host, 'list artifacts').listArtifacts({ subject }), {
    validator: needTexts('host'),
  });
  setHandler(
    messages.saveArtifactUpdate,
    ({ host, workspace, key, ...artifact }) =>
      inTurn(async () => {
        const { saveArtifacts } = on(host, `save artifact ${artifact.name}`);
        const [saved] = await saveArtifacts({ subject, workspace, artifacts: [artifact], key });
        return saved ?? null;
      }),
    { validator: needTexts('host', 'workspace', 'path', 'name', 'key') },
  );
  setHandler(
    messages.copyArtifactUpdate,
    ({ host, ...order }) => on(host, `copy artifact ${order.name}`).copyArtifact({ subject, ...order }),
    { validator: needTexts('host', 'name', 'to') },
  );
  setHandler(
    messages.activateArtifactUpdate,
    ({ host, ...order }) =>
      inTurn(() => on(host, `activate ${order.name} ${order.version}`).activateArtifact({ subject, ...order })),
    { validator: needTexts('host', 'name', 'version') },
  );
  setHandler(
    messages.removeArtifactUpdate,
    ({ host, ...order }) =>
      inTurn(() => on(host, `remove ${order.name} ${order.version}`).removeArtifactVersion({ subject, ...order })),
    { validator: needTexts('host', 'name', 'version') },
  );
}
