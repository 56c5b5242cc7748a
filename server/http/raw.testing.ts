/**
 * HTTP as bytes, for what no client library would send. For tests only.
 */
import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  /** All that has come so far. */
  readonly received: () => string;
  /** Resolves with all that came, when the other side has ended the connection. */
  readonly ended: Promise<string>;
}

export function openRaw(url: string): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const ended = new Promise<string>((end) => socket.on('close', () => end(text)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject).on('error', () => undefined); // a reset is an end too
      resolve({ socket, received: () => text, ended });
    });
  });
}

/** Sends bytes as they are, and gives back what comes until the connection ends. */
export async function sendRaw(url: string, text: string | Buffer): Promise<string> {
  const { socket, ended } = await openRaw(url);
  socket.write(text);
  return ended;
}

/** The head of a POST to the endpoint; `more` are header lines. */
export const rawPost = (more: readonly string[], body = ''): string =>
  ['POST /mcp HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...more, '', body].join('\r\n');
