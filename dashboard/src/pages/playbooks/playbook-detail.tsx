import type { Answer } from '../../api/types.ts';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { useResource } from '../../state/use-resource.ts';

export function PlaybookDetail({ name }: { name: string }) {
  const { data, problem, loading, reload } = useResource(`playbook ${name}`, (api, signal) =>
    api.get<Answer<'getPlaybook'>>(`/api/v1/playbooks/${encodeURIComponent(name)}`, undefined, signal),
  );
  if (loading) return <Loading what={name} />;
  if (!data) return problem ? <ProblemCard problem={problem} onRetry={reload} /> : null;
  return (
    <div className="stack">
      <section className="card stack" aria-labelledby="playbook">
        <h2 id="playbook">{data.name}</h2>
        {data.description !== undefined && <p>{data.description}</p>}
        <dl className="facts">
          <div>
            <dt>Mode</dt>
            <dd>{data.mode}</dd>
          </div>
          <div>
            <dt>Confidence</dt>
            <dd>{String(data.confidence)}</dd>
          </div>
          <div>
            <dt>File</dt>
            <dd>
              <code>{data.file}</code>
            </dd>
          </div>
        </dl>
        <h3>Matches</h3>
        <ul className="reasons">
          {data.matches.map((match) => (
            <li key={match}>
              <code>{match}</code>
            </li>
          ))}
        </ul>
        <h3>Actions</h3>
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Actions">
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Action</th>
                <th scope="col">Type</th>
                <th scope="col">What</th>
                <th scope="col">Limit</th>
                <th scope="col">Rules</th>
              </tr>
            </thead>
            <tbody>
              {data.actions.map(({ id, order, type, title, what, timeout, required, lastResort, undo }) => (
                <tr key={id}>
                  <td>
                    {order}. {title}
                  </td>
                  <td>{type}</td>
                  <td>{what}</td>
                  <td className="number">{timeout}</td>
                  <td>
                    {[
                      required ? 'required' : 'optional',
                      ...(lastResort ? ['last resort'] : []),
                      ...(undo ? ['has an undo'] : []),
                    ].join(', ')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section className="card" aria-labelledby="yaml">
        <h2 id="yaml">As written</h2>
        <pre tabIndex={0} aria-label="YAML" className="whole">
          <code>{data.yaml}</code>
        </pre>
      </section>
    </div>
  );
}
