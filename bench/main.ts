import { measureCheckpoints } from './checkpoints.ts';
import { measureOverhead } from './overhead.ts';

const BENCHES = { overhead: measureOverhead, checkpoints: measureCheckpoints };

const name = process.argv[2] ?? 'overhead';
const bench = BENCHES[name as keyof typeof BENCHES];
if (!bench) {
  console.error(`there is no bench "${name}"; use one of: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
console.log(JSON.stringify(await bench(), null, 2));
