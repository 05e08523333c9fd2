import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { noteEffect } from './effect.mjs';

noteEffect('lint');
const files = ['src', 'scripts', 'test'].flatMap((folder) =>
  readdirSync(folder).map((name) => path.join(folder, name)),
);
for (const file of files) {
  if (file.endsWith('.json')) JSON.parse(readFileSync(file, 'utf8'));
  else if (file.endsWith('.mjs')) execFileSync(process.execPath, ['--check', file]);
}
console.log(`${files.length} files are well-formed`);
