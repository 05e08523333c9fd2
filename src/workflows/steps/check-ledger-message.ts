import { fieldsOf, isDuration, isFields, isListOf, isNumber, isText, need, type Fields } from './check-message.ts';

const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** Throws `invalid-input` for a record without what the ledger reads of it; `CheckpointRecordSchema` says all of it. */
export function checkRecord(given: unknown): void {
  const { info, createdAt, state, host } = fieldsOf(given);
  need(isFields(info), 'info', 'must describe the checkpoint');
  need(isText(info['id']), 'info.id', 'must name the checkpoint');
  need(isListOf(isText, info['tags']), 'info.tags', 'must be a list of texts');
  need(isText(createdAt) && !Number.isNaN(Date.parse(createdAt)), 'createdAt', 'must be a time');
  need(isText(state), 'state', 'must say how whole it is');
  need(isText(host), 'host', 'must name the host that has it');
}

/** The same of an order to capture. */
export function checkCreate(given: unknown): void {
  const { id, name, type, host, root, tags, exclude, providers, state } = fieldsOf(given);
  for (const [field, value] of Object.entries({ id, name, type, host })) need(isText(value), field, 'must be a text');
  need(isOptionalText(root), 'root', 'must be a directory');
  for (const [field, value] of Object.entries({ tags, exclude, providers }))
    need(value === undefined || isListOf(isText, value), field, 'must be a list of texts');
  need(state === undefined || isFields(state), 'state', 'must be parts by name');
}

/** The same of an order to restore. */
export function checkRestore(given: unknown): void {
  const { id, by, backupId, options, host, root } = fieldsOf(given);
  for (const [field, value] of Object.entries({ id, by, backupId })) need(isText(value), field, 'must be a text');
  need(isOptionalText(host), 'host', 'must name a host');
  need(isOptionalText(root), 'root', 'must be a directory');
  need(options === undefined || isFields(options), 'options', 'must be an object');
  const { parts, scope }: Fields = options ?? {};
  need(parts === undefined || isListOf(isText, parts), 'options.parts', 'must be a list of parts');
  need(scope === undefined || isFields(scope), 'options.scope', 'must be an object');
}

/** The same of why a checkpoint is not to be used any more. */
export function checkInvalidate(given: unknown): void {
  need(isText(fieldsOf(given)['reason']), 'reason', 'must say why');
}

const RULES: Record<string, [(value: unknown) => boolean, string]> = {
  keepLast: [(value) => isNumber(value) && Number.isInteger(value) && value >= 0, 'must be a whole number'],
  keepPhaseEndpoints: [(value) => typeof value === 'boolean', 'must be true or false'],
  olderThan: [isDuration, 'must be a duration such as "7d"'],
  keepTags: [(value) => isListOf(isText, value), 'must be a list of tags'],
  keepTypes: [(value) => isListOf(isText, value), 'must be a list of types'],
};

/** The same of a policy: one that is misread would remove what was to be kept. */
export function checkCleanup(given: unknown): void {
  const { policy, dryRun } = fieldsOf(given);
  need(typeof dryRun === 'boolean', 'dryRun', 'must be true or false');
  need(isFields(policy), 'policy', 'must be an object');
  for (const [name, value] of Object.entries(policy)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    need(rule !== undefined, `policy.${name}`, 'is no rule of a policy');
    need(rule[0](value), `policy.${name}`, rule[1]);
  }
}

/** The same of what a look at a store has found. */
export function checkFindings(given: unknown): void {
  need(isListOf(isFields, given), 'findings', 'must be a list');
  for (const finding of given as Fields[]) {
    const { id, state, stateReason } = finding;
    need(isText(id), 'id', 'must name the checkpoint');
    need(isOptionalText(state), 'state', 'must say how whole it is');
    need(stateReason === null || isOptionalText(stateReason), 'stateReason', 'must be a text or null');
  }
}
