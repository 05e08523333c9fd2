import { parseArgs } from 'node:util';

type Bench = (given: { quick: boolean; most?: number }) => Promise<object>;

/** Each is loaded alone: what the others bring would be tidied up by V8 while it measures. */
const BENCHES: Record<string, () => Promise<Bench>> = {
  overhead: async () => (await import('./overhead.ts')).measureOverhead,
  engine: async () => (await import('./engine/engine.ts')).measureEngine,
  checkpoints: async () => (await import('./checkpoints.ts')).measureCheckpoints,
  api: async () => (await import('./api.ts')).measureApi,
  monitor: async () => (await import('./monitor.ts')).measureMonitor,
  heal: async () => (await import('./heal/heal.ts')).measureHeal,
  scale: async () => (await import('./scale/scale.ts')).measureScale,
};

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

interface Words {
  name: string;
  quick: boolean;
  most?: number;
}

function readWords(): Words {
  try {
    const options = { quick: { type: 'boolean' }, most: { type: 'string' } } as const;
    const { positionals, values } = parseArgs({ allowPositionals: true, options });
    const [name = 'overhead', ...rest] = positionals;
    if (rest.length > 0) fail(`give one bench, not also ${rest.join(' ')}`);
    if (values.most === undefined) return { name, quick: values.quick ?? false };
    if (!/^[1-9]\d{0,5}$/.test(values.most)) fail(`--most takes a number up to 999999, not ${values.most}`);
    return { name, quick: values.quick ?? false, most: Number(values.most) };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const { name, quick, most } = readWords();
const load = BENCHES[name];
if (!load) fail(`there is no bench "${name}"; use one of: ${Object.keys(BENCHES).join(', ')}`);
if (quick && !['engine', 'api', 'monitor', 'heal', 'scale'].includes(name))
  fail(`--quick is for the benches "engine", "api", "monitor", "heal" and "scale"; leave it out with "${name}"`);
if (most !== undefined && name !== 'scale') fail(`--most is for the bench "scale"; leave it out with "${name}"`);
const bench = await load();
console.log(JSON.stringify(await bench({ quick, ...(most === undefined ? {} : { most }) }), null, 2));
