import type { FailureType, Lane } from '../domain/failure.ts';

export interface NewPlaybook {
  name: string;
  failureType?: FailureType;
  lane?: Lane;
  /** Relative to the playbook; editors check and complete by it. */
  schema: string;
}

/** The text of a playbook to begin with: it loads as it is, tries again once, proves that, and calls a person. */
export function newPlaybookText({ name, failureType, lane, schema }: NewPlaybook): string {
  const match = [
    ...(failureType === undefined ? ['code: MY-ERROR-CODE'] : [`failureType: ${failureType}`]),
    ...(lane === undefined ? [] : [`lane: ${lane}`]),
  ];
  return `# yaml-language-server: $schema=${schema}
apiVersion: rerail/v1
kind: Playbook
metadata:
  name: ${name}
  description: Say in a sentence what it does about which failure.
spec:
  # All fields of an entry have to fit; the first playbook that matches is taken, yours before the built-in ones.
  match: [{ ${match.join(', ')} }]
  # observe: only says what it would do. propose: asks first. auto: acts.
  mode: propose
  confidence: 0.5
  limits: { perHour: 3, flapWindow: 15m, deadline: 20m }
  actions:
    # Tries again what has failed. An action that changes something gets its undo as \`compensate\`.
    - id: again
      type: retry
      timeout: 60s
      retry: { maximumAttempts: 3, initialInterval: 1s, backoffCoefficient: 2, maximumInterval: 30s }
    - id: call
      type: escalate
      to: [oncall]
  # What has to be seen before it counts as recovered:
  # verify:
  #   probes: [{ name: up, http: { url: http://127.0.0.1:8080/health } }]
  #   within: 30s
  #   holdFor: 5s
`;
}
