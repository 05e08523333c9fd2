import type { Problem } from '../api/types.ts';
import { Icon } from './icon.tsx';

/** Backticks of the API's texts as code. */
export function WithCode({ text }: { text: string }) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

/** What failed, why, and what to do. */
export function ProblemCard({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  const { title, detail, remedy, errors, traceId, code } = problem;
  return (
    <div className="problem" role="alert">
      <p className="problem-title">
        <Icon name="warning" />
        {title}
      </p>
      <p>
        <WithCode text={detail} />
      </p>
      {errors && errors.length > 0 && (
        <ul>
          {errors.map(({ field, message }) => (
            <li key={field}>
              <code>{field}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {remedy !== undefined && (
        <p>
          <strong>What to do: </strong>
          <WithCode text={remedy} />
        </p>
      )}
      <p className="muted small">
        {code}
        {traceId !== undefined && <> · trace {traceId}</>}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** While the first answer is on its way. */
export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Loading {what}…
    </p>
  );
}
