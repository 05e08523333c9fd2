import { useSearchParams } from 'wouter';
import { periodFactLines, periodTables, type PeriodTable } from '../../../../src/domain/period-tables.ts';
import type { Answer } from '../../api/types.ts';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { SelectField } from '../../parts/select-field.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useResource } from '../../state/use-resource.ts';
import { PartsChart } from './parts-chart.tsx';
import { TrendChart } from './trend-chart.tsx';

type Report = Answer<'getPeriodReport'>;

const DAY_MS = 86_400_000;
const SPANS: Record<string, string> = {
  1: 'the last day',
  7: 'the last 7 days',
  30: 'the last 30 days',
  90: 'the last 90 days',
};
const MOST_TRENDS = 12;
const TONES: Record<string, string> = { met: 'good', passed: 'good', missed: 'bad', failed: 'bad' };

function Cell({ text }: { text: string }) {
  const tone = TONES[text];
  const mark = tone === 'good' ? '✓ ' : '✕ ';
  return <td className={tone === undefined ? undefined : `tone-${tone}`}>{tone === undefined ? text : mark + text}</td>;
}

function Table({ id, title, note, head, rows, empty }: PeriodTable) {
  return (
    <div className="card stack">
      <h2 id={id}>{title}</h2>
      {note !== undefined && rows.length > 0 && <p className="muted small">{note}</p>}
      {rows.length === 0 ? (
        <p className="muted">{empty}</p>
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-labelledby={id}>
          <table className="list">
            <thead>
              <tr>
                {head.map((name) => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((cells) => (
                <tr key={cells.join(' ')}>
                  {cells.map((text, index) => (
                    <Cell key={head[index]} text={text} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Trends({ trend, from, to }: Report) {
  if (trend.length === 0) return null;
  const span = { from: Date.parse(from), to: Date.parse(to) };
  return (
    <section aria-labelledby="trend" className="card stack">
      <h2 id="trend">Trend of each playbook</h2>
      {trend.slice(0, MOST_TRENDS).map((one) => (
        <TrendChart key={one.playbook} {...one} {...span} />
      ))}
      {trend.length > MOST_TRENDS && <p className="muted small">Of those used most; the tables have all.</p>}
    </section>
  );
}

/** What recoveries and drills of a period have shown (requirement 7.3). */
export function ReportsPage() {
  const [search, setSearch] = useSearchParams();
  const days = search.get('days') ?? '30';
  const { data, problem, loading, reload } = useResource(`report ${days}`, (api, signal) => {
    const from = new Date(Date.now() - (Number(days) || 30) * DAY_MS).toISOString();
    return api.get<Report>('/api/v1/reports/period', { from }, signal);
  });
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  return (
    <>
      <div className="page-head">
        <h1>Reports</h1>
        <p className="muted">Objectives beside what was measured. A figure needs five samples.</p>
      </div>
      <div className="filter-bar">
        <SelectField
          id="days"
          label="Closed in"
          value={days}
          options={SPANS}
          isFilter
          onChange={(value) => setSearch(new URLSearchParams({ days: value }))}
        />
      </div>
      {problem && <ProblemCard problem={problem} onRetry={reload} />}
      {loading && <Loading what="the report" />}
      {data && (
        <>
          <ul className="reasons card">
            {periodFactLines(data).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <Trends {...data} />
          <PartsChart byPlaybook={data.byPlaybook} />
          {periodTables(data).map((table) => (
            <Table key={table.id} {...table} />
          ))}
        </>
      )}
    </>
  );
}
