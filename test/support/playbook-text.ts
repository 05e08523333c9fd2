/** The YAML of a playbook up to its actions; `extra` is one more line of the spec. */
export const head = (name: string, extra = '') => `apiVersion: rerail/v1
kind: Playbook
metadata: {name: ${name}}
spec:
  match: [{category: UNKNOWN}]
  ${extra}
  actions:
`;

export const RETRY =
  '    - {id: retry, type: retry, retry: {maximumAttempts: 3, initialInterval: 1ms, maximumInterval: 1ms}}\n';
export const PLAIN_RETRY = '    - {id: retry, type: retry}\n';
export const ESCALATE = '    - {id: escalate, type: escalate}\n';
export const FIX = '    - {id: fix, type: manual, title: Fix it, timeout: 1h}\n';
export const DRAIN = '    - {id: drain, type: run, run: {activity: noop}, compensate: {activity: checkConnectivity}}\n';
