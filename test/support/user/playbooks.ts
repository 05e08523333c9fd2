const playbook = (name: string, actions: string): string => `apiVersion: rerail/v1
kind: Playbook
metadata: {name: ${name}}
spec:
  match: [{code: E-${name.toUpperCase()}}]
  actions:
${actions}`;

const RETRY =
  '    - {id: retry, type: retry, retry: {maximumAttempts: 3, initialInterval: 1ms, maximumInterval: 1ms}}\n';
const ESCALATE = '    - {id: escalate, type: escalate}\n';

/** One for each error type that the user's activities throw in tests. */
export const USER_PLAYBOOKS = [
  playbook('retry', RETRY + ESCALATE),
  playbook('skip', `    - {id: skip, type: skip}\n${ESCALATE}`),
  playbook('ask', '    - {id: retry, type: retry, optional: false}\n'),
  playbook('escalate', ESCALATE),
  playbook('abort', '    - {id: abort, type: abort}\n'),
  playbook('hold', '    - {id: fix, type: manual, title: Fix it, timeout: 1h}\n' + RETRY),
  playbook('stand-in', `    - {id: retry, type: retry, fallback: {activity: noop, input: {}}}\n${ESCALATE}`),
].join('---\n');
