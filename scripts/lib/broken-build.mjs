// Breaks what is built while it is loaded: `NODE_OPTIONS=--import .../broken-build.mjs`, told what by the environment.
import { register } from 'node:module';

register('./broken-build-hook.mjs', import.meta.url);
