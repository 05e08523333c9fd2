import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { noteEffect } from './effect.mjs';
import { greet, languages } from '../src/greet.mjs';

noteEffect('build');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const pages = Object.fromEntries(languages.map((language) => [language, `<h1>${greet(language, 'world')}</h1>`]));
const release = { version, pages, digest: createHash('sha256').update(JSON.stringify(pages)).digest('hex') };
mkdirSync('dist', { recursive: true });
writeFileSync('dist/release.json', `${JSON.stringify(release, null, 2)}\n`);
console.log(`built ${version}, ${languages.length} pages, ${release.digest.slice(0, 12)}`);
