import { describeImpact } from '../../domain/describe-impact.ts';
import { formatMs } from '../../domain/duration.ts';
import { shortHash } from '../../domain/plan.ts';
import type { LinkClaims } from '../../config/approval-links.ts';
import type { OpenApproval } from '../../domain/recovery.ts';
import type { Plan } from '../../domain/plan.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** Served apart, since the policy of this server allows nothing inline. */
export const LINK_STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
pre{overflow:auto;padding:.75rem;background:#f2f4f7;border-radius:6px}
dt{font-weight:600}dd{margin:0 0 .5rem}
textarea,button{font:inherit;padding:.5rem;border-radius:6px;border:1px solid #57606a}
textarea{display:block;width:100%;box-sizing:border-box;margin:.25rem 0 1rem}
button{background:#0b57d0;color:#fff;border-color:#0b57d0;cursor:pointer}
button.denied{background:#b3261e;border-color:#b3261e}
:focus-visible{outline:3px solid #f5a623;outline-offset:2px}
@media (prefers-color-scheme:dark){body{color:#e6e9ee;background:#14171c}pre{background:#22272f}textarea{color:inherit;background:#22272f}}
`;

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(title)}</title>
<link rel="stylesheet" href="/links.css">
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${body}
</main>
</body>
</html>
`;

/** One sentence and what to do about it. */
export const noticePage = (title: string, sentences: readonly string[]): string =>
  page(title, sentences.map((sentence) => `<p>${escape(sentence)}</p>`).join('\n'));

export interface QuestionInput {
  claims: LinkClaims;
  target: string;
  reported: string;
  approval: OpenApproval;
  plan: Plan | null;
  /** Proof that this page was shown. */
  form: string;
}

/** What would be approved or denied, and a form. Nothing is decided by looking at it. */
export function questionPage({ claims, target, reported, approval, plan, form }: QuestionInput): string {
  const { verdict, by, planHash, actionId } = claims;
  const verb = verdict === 'approved' ? 'Approve' : 'Deny';
  const terms: [string, string][] = [
    ['What happened', reported],
    ['Playbook', plan?.playbook.name ?? ''],
    ['Plan', shortHash(planHash)],
    ['Risk', approval.risk],
    ['At most', formatMs(approval.estimatedDurationMs)],
    ['Point of no return', approval.pointOfNoReturn ?? 'none, everything can be taken back'],
    ['You answer as', by],
  ];
  const actions = (plan?.actions ?? []).map(({ id, type, title }) => `<li>${escape(`${id} (${type}): ${title}`)}</li>`);
  const impact = approval.impact ? describeImpact(approval.impact).join('\n') : '';
  const needed = verdict === 'denied' ? ' required' : '';
  return page(
    `${verb} ${actionId === undefined ? 'the recovery' : `the action ${actionId}`} of ${target}?`,
    [
      `<dl>${terms.map(([term, text]) => `<dt>${term}</dt><dd>${escape(text)}</dd>`).join('')}</dl>`,
      `<h2>Actions</h2><ol>${actions.join('')}</ol>`,
      ...(impact === '' ? [] : [`<h2>What rollbacks would change</h2><pre>${escape(impact)}</pre>`]),
      '<form method="post">',
      `<input type="hidden" name="form" value="${escape(form)}">`,
      `<input type="hidden" name="stateHash" value="${escape(approval.impact?.stateHash ?? '')}">`,
      `<label for="reason">Reason${verdict === 'denied' ? '' : ' (may be empty)'}</label>`,
      `<textarea id="reason" name="reason" rows="3" maxlength="1900"${needed}></textarea>`,
      `<button class="${verdict}" type="submit">${verb}</button>`,
      '</form>',
    ].join('\n'),
  );
}
