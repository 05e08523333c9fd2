// The quality gate: no open TODO may be released.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { noteEffect } from './effect.mjs';

noteEffect('gate');
const open = readdirSync('src').flatMap((name) => {
  const lines = readFileSync(path.join('src', name), 'utf8').split('\n');
  return lines.flatMap((line, index) => (line.includes('TODO') ? [`src/${name}:${index + 1}: ${line.trim()}`] : []));
});
if (open.length > 0) {
  console.error(`quality gate: ${open.length} open TODO, 0 are allowed\n${open.join('\n')}`);
  process.exit(1);
}
console.log('quality gate: passed');
