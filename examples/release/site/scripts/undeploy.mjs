// The undo of deploy: this version off, the one before it on. Doing it twice changes nothing more.
import { readFileSync } from 'node:fs';
import { noteEffect } from './effect.mjs';

noteEffect('undeploy');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const response = await fetch(`${process.env.SITE_URL}/releases/${version}`, { method: 'DELETE' });
if (!response.ok) throw new Error(`the site answered ${response.status}`);
console.log(`the site serves ${(await response.json()).version} again`);
