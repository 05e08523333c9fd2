import type { Host, HostDetails } from '../../client/hosts.ts';
import { describeFailover } from '../../domain/host.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

const stateOf = (paint: Paint, { state, drained, failedOver }: Host): string => {
  const word = state === 'up' ? state : paint.red(state);
  if (failedOver) return `${word}, ${paint.red('failed over')}`;
  return drained ? `${word}, ${paint.yellow('drained')}` : word;
};

function recordLines(paint: Paint, { name, worker, drained, failedOver }: Host): string[] {
  const lines: string[] = [];
  if (worker) {
    const { version, node, git, tmux, providers, replica } = worker;
    const tools = [git === null ? 'no git' : `git ${git}`, tmux === null ? 'no tmux' : `tmux ${tmux}`];
    const has = providers.length > 0 ? `providers ${providers.join(', ')}` : 'no providers';
    lines.push(
      `worker ${version} on Node ${node}, ${tools.join(', ')}, ${has}, ${replica ? 'with a replica' : 'no replica'}; started ${worker.startedAt}`,
    );
  }
  if (failedOver) lines.push(paint.red(`${describeFailover(name, failedOver)} by ${failedOver.recovery}`));
  if (drained) lines.push(paint.yellow(`drained by ${drained.by} at ${drained.at}: ${drained.reason}`));
  if (failedOver ?? drained) lines.push(`It takes work again: rerail host undrain ${name} --reason "…"`);
  return lines;
}

export function renderHosts(paint: Paint, hosts: readonly Host[]): string {
  if (hosts.length === 0) return paint.dim('No worker has been here yet: start one with `rerail worker`.');
  const rows = hosts.map((host) => [
    host.name,
    stateOf(paint, host),
    host.lastSeenAt ?? '',
    host.workers[0]?.identity ?? '',
    host.worker?.version ?? '',
    host.care,
  ]);
  return renderTable(paint, ['host', 'state', 'last seen', 'worker', 'version', 'nightly care'], rows);
}

export function renderHost(paint: Paint, host: HostDetails): string {
  const first = `${paint.bold(host.name)}: ${stateOf(paint, host)}, task queue ${host.taskQueue}, last seen ${host.lastSeenAt ?? 'long ago'}`;
  const head = [first, ...recordLines(paint, host)].join('\n');
  if (host.subjects.length === 0) return `${head}\nIt has no checkpoints.`;
  const rows = host.subjects.map(({ subject, checkpoints, latest, replicated }) => [
    subject,
    String(checkpoints),
    latest ?? '',
    replicated ? 'yes' : paint.red('no'),
  ]);
  return `${head}\n${renderTable(paint, ['subject', 'checkpoints', 'newest whole one', 'copy elsewhere'], rows)}`;
}
