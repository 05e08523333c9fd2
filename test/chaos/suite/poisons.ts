import { createRandom } from '../random.ts';

/** A payload as it goes over the wire. */
export interface RawPayload {
  metadata: Record<string, Uint8Array>;
  data: Uint8Array;
}

/** Named, so that one that does harm can be had again. */
export interface Poison {
  name: string;
  payloads: RawPayload[];
  /** Whether it can be read depends on the keys of a worker: as a signal it waits for one that has them. */
  keysDecide?: boolean;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

const raw = (encoding: string | undefined, data: Uint8Array, more: Record<string, string> = {}): RawPayload => ({
  metadata: Object.fromEntries(
    Object.entries({ ...(encoding === undefined ? {} : { encoding }), ...more }).map(([key, text]) => [
      key,
      bytes(text),
    ]),
  ),
  data,
});

const json = (text: string): RawPayload => raw('json/plain', bytes(text));
const DEPTH = 3000;
const LARGE = 200_000;

const who = { by: 'eve', reason: 'poison' };
/** What handlers read of their messages, each with a value that it cannot have. */
const FIELDS = [
  ...['id', 'ids', 'info', 'policy', 'options', 'host', 'monitor', 'settings', 'results', 'values', 'worker', 'rate'],
  ...['planHash', 'actionId', 'decision', 'type', 'target', 'message', 'recoveryId', 'recoveryRunId', 'run', 'source'],
  ...['targets', 'findings', 'key', 'name', 'workspace', 'root', 'state', 'providers', 'backupId', 'from', 'to'],
];
const all = (value: unknown): object => ({ ...Object.fromEntries(FIELDS.map((field) => [field, value])), ...who });

const VALUES: Record<string, unknown> = {
  null: null,
  number: 7,
  'empty text': '',
  text: 'poison',
  true: true,
  'empty list': [],
  'list of nulls': [null, null],
  'list of lists': [[[]], [{}]],
  'empty object': {},
  'only signed': who,
  'signed by an object': { by: { name: 'eve' }, reason: ['poison'] },
  'fields of null': all(null),
  'fields of numbers': all(7),
  'fields of text': all('poison'),
  'fields of lists': all([null]),
  'fields of objects': all({ toString: 1, length: -1 }),
  'unknown fields': { ...who, constructor: 'x', then: 'y', unknown: { deep: [1, 2, 3] } },
  'a monitor of junk': {
    ...who,
    monitor: {
      ...{ name: 7, host: 'nowhere', hold: 'soon', cooldown: {}, limits: null },
      checks: [
        {
          ...{ name: 'x', target: 'x', probe: { tcp: 7 }, periodSeconds: 0.01, timeoutSeconds: 1 },
          ...{ failureThreshold: 1, successThreshold: 1, failure: null },
        },
      ],
    },
  },
  'settings of junk': { ...who, settings: { toString: 1, slidingWindowSize: -1, failureRateThreshold: 'x' } },
  'a change of junk': { ...who, id: 'x', type: 'throttle', rate: { perSecond: 'x', min: null }, percent: 1e9 },
  'a degradation of junk': { ...who, id: 'x', type: 'degrade', hold: 'x', until: -1 },
  'a host of junk': { ...who, type: 'register', worker: { capabilities: 7, version: {} } },
  'a failure of junk': { target: 7, message: { a: 1 }, source: null, run: { workflowId: {} }, probes: 'x' },
  'a checkpoint of junk': { info: { id: 'cp_poison', tags: 7 }, createdAt: 7, state: 'x', host: [] },
  'an outcome of junk': { recoveryId: 'x', recoveryRunId: 'x', status: 'x', primary: 'x', state: 7 },
  large: { ...who, text: 'x'.repeat(LARGE) },
  'large list': Array.from({ length: 20_000 }, () => ({})),
};

const deep = (open: string, close: string): string => `${open.repeat(DEPTH)}null${close.repeat(DEPTH)}`;

function noise(seed: number): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: 512 }, () => random.below(256));
}

/** Wrong types, hollow, huge and deep messages, and bytes that no converter knows. */
export function makePoisons(seed: number): Poison[] {
  return [
    { name: 'no argument', payloads: [] },
    { name: 'ten arguments', payloads: Array.from({ length: 10 }, () => json('{}')) },
    ...Object.entries(VALUES).map(([name, value]) => ({ name, payloads: [json(JSON.stringify(value))] })),
    { name: 'a prototype', payloads: [json('{"__proto__":{"by":"eve","reason":"x"},"by":"eve","reason":"x"}')] },
    { name: 'deep lists', payloads: [json(deep('[', ']'))] },
    { name: 'deep objects', payloads: [json(deep('{"by":', '}'))] },
    { name: 'half a JSON', payloads: [json('{"by":"eve","rea')] },
    { name: 'no JSON', payloads: [raw('json/plain', noise(seed))] },
    { name: 'bytes', payloads: [raw('binary/plain', noise(seed + 1))] },
    { name: 'an unknown encoding', payloads: [raw('binary/unknown', noise(seed + 2))] },
    {
      name: 'said to be encrypted',
      payloads: [raw('binary/encrypted', noise(seed + 3), { 'encryption-key-id': 'x' })],
      keysDecide: true,
    },
    { name: 'said to be protobuf', payloads: [raw('json/protobuf', bytes('{}'), { messageType: 'x.Y' })] },
    { name: 'no encoding', payloads: [raw(undefined, noise(seed + 4))] },
    { name: 'a null encoding', payloads: [raw('binary/null', noise(seed + 5))] },
  ];
}
