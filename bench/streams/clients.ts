/**
 * Many subscribers in one process: opens streams by `subscriptions/listen`, and measures how long one event takes to
 * reach all of them. Sockets without an HTTP library, because the clients must not be what is measured.
 */
import { connect, type Socket } from 'node:net';

/** What the parent asks. */
export type Ask =
  | { readonly do: 'open'; readonly port: number; readonly count: number; readonly listen: string }
  | { readonly do: 'broadcast'; readonly announce: string };

/** Milliseconds for what was asked, and for how many streams it worked. */
export interface Told {
  readonly ms: number;
  readonly streams: number;
}

/** Connections that are opened at a time. */
const LANES = 128;
const LIMIT_MS = 60_000;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const CHANGED = 'notifications/tools/list_changed';

const sockets = new Set<Socket>();
let port = 0;
let heard = 0;
let waiting: { readonly count: number; resolve(): void } | undefined;

function subscribe(listen: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(listen));
    let tail = '';
    let acknowledged = false;
    socket.on('data', (chunk) => {
      const text = tail + chunk.toString('latin1');
      if (!acknowledged && text.includes(ACKNOWLEDGED)) {
        acknowledged = true;
        resolve();
      } else if (!acknowledged && !text.startsWith('HTTP/1.1 200 ')) {
        reject(new Error(`not subscribed: ${text.slice(0, 500)}`));
      }
      // A word may stand across two chunks; it must not be found twice.
      const found = text.lastIndexOf(CHANGED);
      if (found >= 0) hear();
      tail = text.slice(Math.max(found + CHANGED.length, text.length - CHANGED.length + 1));
    });
    socket.on('error', reject);
    socket.on('close', () => {
      sockets.delete(socket);
      reject(new Error('a stream was closed before it was acknowledged'));
    });
    sockets.add(socket);
  });
}

function hear(): void {
  heard += 1;
  if (waiting && heard >= waiting.count) waiting.resolve();
}

async function open(count: number, listen: string): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await subscribe(listen);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function broadcast(announce: string): Promise<void> {
  heard = 0;
  const caller = connect(port, '127.0.0.1');
  caller.resume();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${heard} of ${sockets.size} streams heard it`)), LIMIT_MS);
    waiting = {
      count: sockets.size,
      resolve: () => {
        clearTimeout(timer);
        resolve();
      },
    };
    caller.on('error', reject);
    caller.write(announce);
  });
  waiting = undefined;
  caller.destroy();
}

async function perform(ask: Ask): Promise<void> {
  if (ask.do === 'open') {
    port = ask.port;
    await open(ask.count, ask.listen);
  } else {
    await broadcast(ask.announce);
  }
}

process.on('message', (ask: Ask) => {
  const began = performance.now();
  perform(ask).then(
    () => process.send?.({ ms: performance.now() - began, streams: sockets.size } satisfies Told),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
