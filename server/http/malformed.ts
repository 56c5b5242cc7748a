/**
 * The answer to what cannot be read as HTTP, or does not come in time: JSON too, and then the connection ends.
 */
import type { Duplex } from 'node:stream';
import { REFUSED } from '../protocol/rpc-error.ts';
import { errorBody } from './answer.ts';

const ANSWERS: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are too large.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'The chunk extensions are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive.'],
};
/** For the client to read the answer and go; an end of ours alone would not make it. */
const LINGER_MS = 5_000;
const MALFORMED = ['400 Bad Request', 'The request is not valid HTTP.'] as const;

export function answerMalformed(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] = ANSWERS[error.code ?? ''] ?? MALFORMED;
  const body = errorBody(REFUSED, message);
  const length = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
  const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(cut));
}
