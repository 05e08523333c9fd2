import { pathToFileURL } from 'node:url';
import { failure } from './failure.mjs';
import { inRoot } from './paths.mjs';

const compiled = (path) => import(pathToFileURL(inRoot('dist', path)).href);

/** A server that TEMPORAL_*, a profile or the settings name: `start` then uses that one and needs none of its own. */
async function configuredAddress(settings) {
  const { resolveConnection } = await compiled('config/connection.js');
  const { connectionOptions, origin } = await resolveConnection(settings);
  return origin === 'address' || origin === 'profile' ? connectionOptions.address : undefined;
}

/** Finds or makes the Temporal server; the result carries its path unless a running server is configured. */
export async function ensureServer(report, { own }) {
  const { loadSettings } = await compiled('config/load-settings.js');
  const { findServer } = await compiled('embedded/find-server.js');
  try {
    const { settings } = await loadSettings();
    const address = own ? undefined : await configuredAddress(settings);
    if (address !== undefined) return { summary: `the one at ${address} is used` };
    const { path, version, origin } = await findServer({ cacheDir: settings.cacheDir, onProgress: report });
    return { path, summary: `${version} by ${origin}, ${path}` };
  } catch (error) {
    if (error?.remedy === undefined) throw error;
    throw failure(error.message, error.remedy, error);
  }
}
