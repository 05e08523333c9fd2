import { parseArgs } from 'node:util';
import { measureApi } from './api.ts';
import { measureCheckpoints } from './checkpoints.ts';
import { measureEngine } from './engine/engine.ts';
import { measureHeal } from './heal/heal.ts';
import { measureMonitor } from './monitor.ts';
import { measureOverhead } from './overhead.ts';
import { measureScale } from './scale/scale.ts';

const BENCHES = {
  overhead: measureOverhead,
  engine: measureEngine,
  checkpoints: measureCheckpoints,
  api: measureApi,
  monitor: measureMonitor,
  heal: measureHeal,
  scale: measureScale,
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
const bench = BENCHES[name as keyof typeof BENCHES];
if (!bench) fail(`there is no bench "${name}"; use one of: ${Object.keys(BENCHES).join(', ')}`);
if (quick && !['engine', 'api', 'monitor', 'heal', 'scale'].includes(name))
  fail(`--quick is for the benches "engine", "api", "monitor", "heal" and "scale"; leave it out with "${name}"`);
if (most !== undefined && name !== 'scale') fail(`--most is for the bench "scale"; leave it out with "${name}"`);
console.log(JSON.stringify(await bench({ quick, ...(most === undefined ? {} : { most }) }), null, 2));
