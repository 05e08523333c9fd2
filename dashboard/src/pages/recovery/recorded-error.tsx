import type { RecordedError } from '../../api/types.ts';

/** Last lines of a command are worth more than its first ones. */
function outputOf(details: unknown): string {
  if (typeof details !== 'object' || details === null) return '';
  const { stderr, stdout } = details as { stderr?: unknown; stdout?: unknown };
  return [stdout, stderr]
    .filter((text): text is string => typeof text === 'string' && text.trim() !== '')
    .map((text) => text.trimEnd().split('\n').slice(-20).join('\n'))
    .join('\n');
}

export function RecordedErrorView({ error }: { error: RecordedError }) {
  const output = outputOf(error.details);
  return (
    <div className="recorded-error">
      <p>
        <code>{error.code}</code> {error.message}
      </p>
      {error.remedy !== undefined && <p className="muted">{error.remedy}</p>}
      {output !== '' && (
        <pre tabIndex={0} aria-label="Output">
          <code>{output}</code>
        </pre>
      )}
    </div>
  );
}
