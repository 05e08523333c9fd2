import { connect } from 'node:net';
import { codeOf } from '../../domain/errors.ts';
import type { Look, LookAt } from './look.ts';

export const lookAtTcp: LookAt<'tcp'> = ({ host, port }, { timeoutMs }) => {
  const started = Date.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (look: Look): void => {
      socket.destroy();
      resolve(look);
    };
    socket.setTimeout(timeoutMs, () =>
      done({ passed: false, observed: `no connection within ${timeoutMs} ms`, failureType: 'timeout' }),
    );
    socket.once('connect', () => {
      const ms = Date.now() - started;
      done({ passed: true, observed: `connected in ${ms} ms`, value: ms, unit: 'ms' });
    });
    socket.once('error', (error) =>
      done({ passed: false, observed: codeOf(error) ?? error.message, failureType: 'network' }),
    );
  });
};
