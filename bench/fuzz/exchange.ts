/**
 * Sends bytes to a server and says what came back: an answer, a closed connection, or nothing within a moment. Keeps a
 * connection for the next bytes where the answer leaves it usable. Reads just enough HTTP for that.
 */
import { connect, type Socket } from 'node:net';

export interface Sent {
  /** Written one after the other, each in a turn of its own. */
  readonly parts: readonly Uint8Array[];
  /** Whether it is one whole request, so that its answer may be followed by another on the same connection. */
  readonly whole: boolean;
}

export interface Outcome {
  readonly how: 'Answered' | 'Closed' | 'Silent';
  readonly text: string;
}

export interface Lane {
  exchange(sent: Sent): Promise<Outcome>;
  close(): void;
}

/** How long an answer is waited for; some inputs rightly get none. */
const WHOLE_MS = 150;
const PARTIAL_MS = 20;
const MAX_KEPT = 64 * 1024;

export function openLane(port: number): Lane {
  let kept: Socket | undefined;
  const drop = (socket: Socket): void => {
    // A reset leaves no port behind that waits for late packets.
    socket.resetAndDestroy();
    if (kept === socket) kept = undefined;
  };
  return {
    exchange: ({ parts, whole }) =>
      new Promise((resolve) => {
        const socket = kept ?? connect({ port, host: '127.0.0.1', noDelay: true });
        kept = undefined;
        let text = '';
        const settle = (how: Outcome['how'], reusable: boolean): void => {
          clearTimeout(timer);
          socket.removeAllListeners();
          // A reset that arrives later concerns nobody.
          socket.on('error', () => undefined);
          if (reusable) kept = socket;
          else drop(socket);
          resolve({ how, text });
        };
        const timer = setTimeout(
          () => settle(text === '' ? 'Silent' : 'Answered', false),
          whole ? WHOLE_MS : PARTIAL_MS,
        );
        socket.on('data', (chunk) => {
          if (text.length < MAX_KEPT) text += chunk.toString('latin1');
          const end = endOfAnswer(text);
          if (whole && end !== undefined)
            settle('Answered', end === text.length && !/\r\nconnection: close\r\n/i.test(text));
        });
        socket.on('error', () => settle(text === '' ? 'Closed' : 'Answered', false));
        socket.on('close', () => settle(text === '' ? 'Closed' : 'Answered', false));
        write(socket, parts, 0);
      }),
    close: () => {
      if (kept) drop(kept);
    },
  };
}

function write(socket: Socket, parts: readonly Uint8Array[], at: number): void {
  const part = parts[at];
  if (part === undefined || socket.destroyed) return;
  socket.write(part);
  if (at + 1 < parts.length) setImmediate(write, socket, parts, at + 1);
}

/** Where the first answer ends that is none of 1xx; undefined while it has not. A stream of events has no end. */
function endOfAnswer(text: string, from = 0): number | undefined {
  const body = text.indexOf('\r\n\r\n', from) + 4;
  if (body < 4) return undefined;
  const head = text.slice(from, body);
  if (head.startsWith('HTTP/1.1 1')) return endOfAnswer(text, body);
  if (/^HTTP\/1.1 (204|304)/.test(head)) return body;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
  if (length !== undefined) return text.length >= body + Number(length) ? body + Number(length) : undefined;
  if (!/\r\ntransfer-encoding: chunked\r\n/i.test(head)) return undefined;
  const last = text.indexOf('\r\n0\r\n\r\n', body - 2);
  return last < 0 ? undefined : last + 7;
}

/** Status codes of the answers in a text. */
export const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
