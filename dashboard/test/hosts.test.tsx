import { renderToStaticMarkup } from 'react-dom/server';
import { Router } from 'wouter';
import { describe, expect, it } from 'vitest';
import { HOST_STANDINGS, standingsOf, type HostStanding } from '../../src/domain/host.ts';
import type { Host } from '../src/api/types.ts';
import { HostFacts, HostStanding as Standing, HostSubjects } from '../src/pages/hosts/host-facts.tsx';
import { HostRow } from '../src/pages/hosts/hosts-page.tsx';
import { HOST_LOOKS } from '../src/words/statuses.ts';

const AT = '2026-01-01T12:00:00.000Z';
const HOST: Host = {
  ...{ name: 'build-1', taskQueue: 'rerail-host-build-1', state: 'up', lastSeenAt: AT, care: 'on' },
  workers: [{ identity: '7@build-1', lastSeenAt: AT }],
  worker: {
    ...{ version: '1.2.3', node: '20.20.2', git: '2.39', tmux: null, providers: ['orders', 'tmux.agent'] },
    ...{ replica: true, startedAt: AT },
  },
  ...{ drained: null, failedOver: null },
};
const OTHERS: Record<HostStanding, Partial<Host>> = {
  up: {},
  away: { state: 'away', lastSeenAt: null, workers: [] },
  drained: { drained: { at: AT, by: 'ada', reason: 'the disk <is> replaced' } },
  'failed over': { failedOver: { to: 'build-2', at: AT, recovery: 'recovery/host/build-1', state: 'done' } },
};

describe.each(HOST_STANDINGS)('a host that is %s', (standing) => {
  const host = { ...HOST, ...OTHERS[standing] };
  it('is drawn with its words, beside whether it is up', () => {
    expect(standingsOf(host)).toEqual([...new Set([host.state, standing])]);
    const html = renderToStaticMarkup(<HostRow host={host} />);
    for (const each of HOST_STANDINGS)
      expect(html.includes(`tone-${HOST_LOOKS[each].tone}`) && html.includes(`</svg>${HOST_LOOKS[each].word}<`)).toBe(
        each === standing || each === host.state,
      );
  });
});

it('says who has drained it and why, as text, and who has taken over', () => {
  const html = renderToStaticMarkup(<Standing host={{ ...HOST, ...OTHERS.drained, ...OTHERS['failed over'] }} />);
  expect(html).toContain('ada: the disk &lt;is&gt; replaced');
  expect(html).toContain('failed over to build-2');
  expect(renderToStaticMarkup(<Standing host={HOST} />)).toBe('');
});

it('says what a host can do, and nothing of one whose worker has never said it', () => {
  const html = renderToStaticMarkup(<HostFacts host={HOST} />);
  for (const text of ['rerail-host-build-1', '7@build-1', '1.2.3 on Node 20.20.2', 'not there', 'orders, tmux.agent'])
    expect(html).toContain(text);
  const silent = renderToStaticMarkup(<HostFacts host={{ ...HOST, ...OTHERS.away, worker: null }} />);
  expect(silent).toContain('not within the last minutes');
  expect(silent).not.toContain('Version');
});

it('leads to the checkpoints of its subjects, and says which would be lost with it', () => {
  const draw = (...subjects: Parameters<typeof HostSubjects>[0]['subjects']): string =>
    renderToStaticMarkup(
      <Router ssrPath="/">
        <HostSubjects subjects={subjects} />
      </Router>,
    );
  const subject = { checkpoints: 3, latest: 'cp_1', latestAt: AT, latestCopied: null };
  const html = draw(
    { ...subject, subject: 'release/web', replicated: false },
    { ...subject, subject: 'release/api', replicated: true },
  );
  expect(html).toContain('href="/checkpoints?subject=release%2Fweb"');
  expect(html).toMatch(/release\/web.*>no<.*release\/api.*>yes</);
  expect(draw()).toContain('It has no checkpoints.');
});
