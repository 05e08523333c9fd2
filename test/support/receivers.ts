import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { SMTPServer } from 'smtp-server';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came. */
  text: string;
  body: Record<string, unknown>;
}

/** What becomes of a request: a status, or something of its own, such as no answer. */
type Answer = number | ((response: ServerResponse) => void);

/** An HTTP server that keeps what it gets. `answers` are used up by path, then everything is fine. */
export async function startReceiver() {
  const received: Received[] = [];
  const answers: Record<string, Answer[]> = {};
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const at = request.url ?? '';
      received.push({ path: at, headers: request.headers, text: body, body: JSON.parse(body) as Received['body'] });
      const answer = answers[at]?.shift() ?? 202;
      if (typeof answer === 'number') response.writeHead(answer).end('{}');
      else answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answers,
    at: (path: string) => received.filter((one) => one.path === path),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A mail server that asks for TLS and a password, with a certificate of its own for localhost. */
export async function startMailServer(folder: string, login: { user: string; password: string }) {
  const [keyFile, certFile] = [path.join(folder, 'mail.key'), path.join(folder, 'mail.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, '-out', certFile, ...subject]);
  const mails: string[] = [];
  /** Refused with this status, each once. */
  const refusals: number[] = [];
  const server = new SMTPServer({
    key: await readFile(keyFile),
    cert: await readFile(certFile),
    onAuth({ username, password }, session, callback) {
      const good = session.secure && username === login.user && password === login.password;
      callback(good ? null : new Error('not you'), good ? { user: username } : undefined);
    },
    onData(stream, _session, callback) {
      void text(stream).then((mail) => {
        const refusal = refusals.shift();
        if (refusal === undefined) mails.push(mail);
        callback(refusal === undefined ? null : Object.assign(new Error('later'), { responseCode: refusal }));
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { port, certFile, mails, refusals, stop: () => new Promise<void>((resolve) => server.close(resolve)) };
}
