import type { RecoveryClient } from '../client/recovery-client.ts';
import { loadAlertRules } from '../config/load-alert-rules.ts';
import type { Settings } from '../config/settings.ts';
import { codeOf, messageOf, RerailError } from '../domain/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createApp } from './app.ts';
import { auditFolder } from './audit/audit-folder.ts';
import { openAuditLog } from './audit/audit-log.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { createStreams } from './events/streams.ts';
import type { ApiDeps } from './handler.ts';
import { builtDashboard } from './plugins/dashboard.ts';

export interface ServerOptions {
  settings: Settings;
  recoveries: RecoveryClient;
  logger: Logger;
  /** The Temporal server is the embedded one of this data directory: only then may it do without tokens. */
  embedded: boolean;
  /** The port was asked for: another one will not do. */
  portGiven: boolean;
  metrics?: ApiDeps['metrics'];
  temporalUi?: string;
}

export interface RunningServer {
  address: string;
  /** Whether tokens are asked for. */
  open: boolean;
  /** No new requests, the present ones are answered, streams end. */
  close: () => Promise<void>;
}

/** So long the present requests may take when the server stops, in milliseconds. */
const GRACE_MS = 10_000;

/** Starts to listen. Throws `settings-invalid`, `port-taken`, `audit-failed`. */
export async function startApi(options: ServerOptions): Promise<RunningServer> {
  const { settings, recoveries, logger, portGiven, embedded, metrics, temporalUi } = options;
  const authenticator = await createAuthenticator(settings, { embedded });
  // A mistake in the file is told now, and not with the first alert.
  if (settings.alertRulesFile !== undefined) await loadAlertRules(settings.alertRulesFile);
  const audit = await openAuditLog(auditFolder(settings.dataDir));
  const streams = createStreams();
  const dashboard = builtDashboard();
  const app = await createApp({
    recoveries,
    settings,
    authenticator,
    audit,
    logger,
    streams,
    ...(metrics ? { metrics } : {}),
    ...(temporalUi === undefined ? {} : { temporalUi }),
    ...(dashboard === undefined ? {} : { dashboard }),
  });
  const { apiHost: host, apiPort } = settings;
  // Who starts it says where it listens; the framework's own lines about that would say it a second time.
  const listen = async (port: number): Promise<string> => {
    const { level } = app.log;
    app.log.level = 'warn';
    try {
      return await app.listen({ host, port });
    } finally {
      app.log.level = level;
    }
  };
  try {
    const address = await listen(apiPort).catch((error: unknown) => {
      if (codeOf(error) === 'EADDRINUSE' && !portGiven) return listen(0);
      throw error;
    });
    return {
      address,
      open: authenticator.open,
      async close() {
        const force = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
        await app.close();
        clearTimeout(force);
        await audit.close();
      },
    };
  } catch (error) {
    await app.close();
    await audit.close();
    throw new RerailError('port-taken', `the API cannot listen at ${host}:${apiPort}: ${messageOf(error)}`, {
      remedy: 'Give another one with --api-port or the settings apiHost and apiPort.',
      cause: error,
      nonRetryable: true,
    });
  }
}
