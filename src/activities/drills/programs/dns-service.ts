import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';

const [port = '0', recordsFile = ''] = process.argv.slice(2);
const HEADER_BYTES = 12;
const NO_SUCH_NAME = 3;
const TTL_SECONDS = 1;

/** The name of the first question, and where that question ends. */
function readQuestion(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

function answer(query: Buffer): Buffer {
  const { name, end } = readQuestion(query);
  const records = JSON.parse(readFileSync(recordsFile, 'utf8')) as Record<string, string>;
  const address = records[name];
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  // An answer with authority, to the one question, with one record or none.
  header.writeUInt16BE(0x8400 | (address === undefined ? NO_SUCH_NAME : 0), 2);
  [1, address === undefined ? 0 : 1, 0, 0].forEach((count, index) => header.writeUInt16BE(count, 4 + 2 * index));
  const question = query.subarray(HEADER_BYTES, end);
  if (address === undefined) return Buffer.concat([header, question]);
  const record = Buffer.from([
    0xc0,
    HEADER_BYTES,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    TTL_SECONDS,
    0,
    4,
    ...address.split('.').map(Number),
  ]);
  return Buffer.concat([header, question, record]);
}

const socket = createSocket('udp4');
socket.on('message', (query, from) => {
  if (query.length > HEADER_BYTES) socket.send(answer(query), from.port, from.address);
});
socket.bind(Number(port), '127.0.0.1');
