// Writes src/messages.json from the translators' work. To save time it applies what an earlier, interrupted release left
// in the cache; that entry is used up by it, whether it was whole or not.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { noteEffect } from './effect.mjs';

noteEffect('generate');
const cached = path.join(process.env.SITE_STATE ?? '.', 'cache', 'generate.json');
if (existsSync(cached)) {
  const { writes, removes } = JSON.parse(readFileSync(cached, 'utf8'));
  rmSync(cached);
  for (const [file, content] of Object.entries(writes)) writeFileSync(file, content);
  for (const file of removes) rmSync(file);
  console.log('applied the cached result');
} else {
  const messages = { en: 'Hello, {name}!', de: 'Hallo, {name}!', fr: 'Bonjour, {name} !' };
  writeFileSync('src/messages.json', `${JSON.stringify(messages, null, 2)}\n`);
  console.log('generated src/messages.json');
}
