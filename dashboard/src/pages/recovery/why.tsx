import type { Plan } from '../../api/types.ts';

/** Why this plan and not another. */
export function Why({ plan }: { plan: Plan }) {
  return (
    <section className="card" aria-labelledby="why">
      <h2 id="why">Why this plan</h2>
      {plan.rootCause && (
        <p>
          Root cause: <strong>{plan.rootCause.component}</strong>, treated first by {plan.rootCause.playbook}:{' '}
          {plan.rootCause.reason}
        </p>
      )}
      <ul className="reasons">
        {plan.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      {plan.alternatives.length > 0 && (
        <details>
          <summary>Not chosen: {plan.alternatives.length}</summary>
          <ul className="reasons">
            {plan.alternatives.map(({ playbook, reason }) => (
              <li key={playbook}>
                <strong>{playbook}</strong>: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
