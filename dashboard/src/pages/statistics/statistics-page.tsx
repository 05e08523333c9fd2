import { useSearchParams } from 'wouter';
import type { Answer, Spread } from '../../api/types.ts';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { SelectField } from '../../parts/select-field.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useResource } from '../../state/use-resource.ts';
import { formatDuration, formatPercent, plural } from '../../words/format.ts';
import { SpreadChart } from './spread-chart.tsx';

type Statistics = Answer<'statistics'>;

const GROUPS = { playbook: 'Playbook', failureType: 'Failure type', status: 'Status' };
const GROUP_WORDS = Object.fromEntries(Object.entries(GROUPS).map(([value, name]) => [value, name.toLowerCase()]));
const SPANS = {
  '': 'all that is kept',
  '1 day': 'the last day',
  '7 days': 'the last 7 days',
  '30 days': 'the last 30 days',
};

const TOO_FEW = 'too few';
const ofSpread = (spread: Spread | undefined, key: 'p50' | 'p90' | 'max'): string =>
  spread ? formatDuration(spread[key]) : TOO_FEW;

function Groups({ title, data }: { title: string; data: Statistics }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={`By ${title.toLowerCase()}`}>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col">n</th>
            <th scope="col">Success</th>
            <th scope="col">TTR p50</th>
            <th scope="col">p90</th>
            <th scope="col">max</th>
            <th scope="col">Waited for people, p50</th>
          </tr>
        </thead>
        <tbody>
          {data.groups.map(({ key, record, humanWait }) => (
            <tr key={key}>
              <td>{key.replaceAll('_', ' ')}</td>
              <td className="number">{record.n}</td>
              <td className="number">
                {record.successRate === undefined ? TOO_FEW : formatPercent(record.successRate)}
              </td>
              <td className="number">{ofSpread(record.time, 'p50')}</td>
              <td className="number">{ofSpread(record.time, 'p90')}</td>
              <td className="number">{ofSpread(record.time, 'max')}</td>
              <td className="number">{ofSpread(humanWait, 'p50')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How recoveries have gone. Below five samples there is no figure, only their number. */
export function StatisticsPage() {
  const [search, setSearch] = useSearchParams();
  const by = (search.get('by') ?? 'playbook') as keyof typeof GROUPS;
  const since = search.get('since') ?? '';
  const { data, problem, loading, reload } = useResource(`stats ${by} ${since}`, (api, signal) =>
    api.get<Statistics>('/api/v1/stats', { by, since }, signal),
  );
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  const set = (key: string, value: string): void =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === '') next.delete(key);
      else next.set(key, value);
      return next;
    });
  return (
    <>
      <div className="page-head">
        <h1>Statistics</h1>
        <p className="muted">Of closed recoveries. A figure needs five samples.</p>
      </div>
      <div className="filter-bar">
        <SelectField
          id="by"
          label="By"
          value={by}
          options={GROUP_WORDS}
          isFilter
          onChange={(value) => set('by', value)}
        />
        <SelectField
          id="since"
          label="Closed in"
          value={since}
          options={SPANS}
          onChange={(value) => set('since', value)}
        />
      </div>
      {problem && <ProblemCard problem={problem} onRetry={reload} />}
      {loading && <Loading what="figures" />}
      {data && (
        <>
          <dl className="facts card">
            <div>
              <dt>Recoveries looked at</dt>
              <dd className="big-number">{data.read}</dd>
            </div>
            <div>
              <dt>Helped</dt>
              <dd className="big-number">
                {data.all.successRate === undefined ? TOO_FEW : formatPercent(data.all.successRate)}
              </dd>
              <dd className="muted">of {plural(data.all.n, 'recovery', 'recoveries')}</dd>
            </div>
            <div>
              <dt>Time to recover</dt>
              <dd className="big-number">{ofSpread(data.all.time, 'p50')}</dd>
              <dd className="muted">
                {data.all.time
                  ? `p50 of ${data.all.time.n}; p90 ${formatDuration(data.all.time.p90)}, max ${formatDuration(data.all.time.max)}`
                  : 'of those that helped'}
              </dd>
            </div>
          </dl>
          {data.groups.length === 0 ? (
            <p className="empty">No recovery has closed in this time.</p>
          ) : (
            <>
              <SpreadChart groups={data.groups} />
              <Groups title={GROUPS[by]} data={data} />
            </>
          )}
        </>
      )}
    </>
  );
}
