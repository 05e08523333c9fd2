import { spawnSync } from 'node:child_process';
import { noteEffect } from './effect.mjs';

noteEffect('test');
const { status } = spawnSync(process.execPath, ['--test', 'test/greet.test.mjs'], { stdio: 'inherit' });
process.exit(status ?? 1);
