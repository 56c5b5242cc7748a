/**
 * Messages over PostgreSQL's LISTEN and NOTIFY, on one connection of its own that is made again when it is lost. Needs
 * a connection to the server itself or a pooler in session mode, because a listener belongs to its session. Must not
 * know what a message says.
 */
import { createHash } from 'node:crypto';
import { Client, type Notification, type QueryConfig } from 'pg';
import type { Logger } from 'pino';
import { readUrl } from '../store/postgres.ts';
import type { Link, LinkEvents } from './shared-bus.ts';

export interface PostgresLinkOptions {
  /** File whose whole content is the connection URL; read again for each connection. */
  readonly urlFile: string;
  /** Its pods hear each other. */
  readonly server: string;
  readonly log: Logger;
  readonly probeMs?: number | undefined;
}

const CONNECT_MS = 5_000;
const QUERY_MS = 5_000;
/** A connection that died without a word is noticed by a question now and then. */
const PROBE_MS = 10_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;

export function openPostgresLink(options: PostgresLinkOptions, events: LinkEvents): Link {
  const { urlFile, server, log, probeMs = PROBE_MS } = options;
  const channel = channelOf(server);
  let client: Client | undefined;
  let closed = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let connecting: Promise<void>;

  const retry = (): void => {
    if (closed || timer !== undefined) return;
    const delay = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    timer = setTimeout(() => {
      timer = undefined;
      connecting = connect();
    }, delay);
    timer.unref();
  };
  const lose = (lost: Client, error?: Error): void => {
    if (lost !== client) return;
    client = undefined;
    if (!closed) log.warn({ ...(error && { error }) }, 'the connection for events was lost');
    retry();
  };
  const connect = async (): Promise<void> => {
    let opened: Client | undefined;
    try {
      opened = open(urlFile);
      const own = opened;
      own.on('error', (error) => lose(own, error));
      own.on('end', () => lose(own));
      own.on('notification', ({ payload }: Notification) => events.received(payload ?? ''));
      await own.connect();
      await own.query(`listen ${channel}`);
      if (closed) return await own.end();
      client = own;
      if (failures > 0) log.info('events are connected again');
      failures = 0;
      events.connected();
    } catch (error) {
      if (failures === 0) log.warn({ error }, 'no connection for events');
      await opened?.end().catch(() => undefined);
      retry();
    }
  };
  /** One query after the other, as `pg` wants it. */
  let last: Promise<unknown> = Promise.resolve();
  const ask = (asked: Client, query: string | QueryConfig): Promise<unknown> => {
    const answer = last.then(() => asked.query(query));
    last = answer.catch(() => undefined); // whoever asked is told
    return answer;
  };
  let probing: Promise<unknown> | undefined;
  const probe = setInterval(() => {
    const asked = client;
    if (!asked) return;
    probing ??= ask(asked, 'select 1')
      .catch((error: Error) => {
        lose(asked, error);
        void asked.end().catch(() => undefined);
      })
      .finally(() => (probing = undefined));
  }, probeMs);
  probe.unref();
  connecting = connect();

  return {
    async send(message) {
      if (!client) throw new Error('not connected');
      await ask(client, { name: 'notify', text: 'select pg_notify($1, $2)', values: [channel, message] });
    },
    connected: () => client !== undefined,
    async close() {
      closed = true;
      clearInterval(probe);
      clearTimeout(timer);
      await connecting;
      await client?.end();
    },
  };
}

function open(urlFile: string): Client {
  return new Client({
    connectionString: readUrl(urlFile),
    application_name: 'mcp-fleet events',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    keepAlive: true,
  });
}

/** An identifier of PostgreSQL holds 63 bytes, a server's name can be longer. */
function channelOf(server: string): string {
  return `mcp_fleet_${createHash('sha256').update(server).digest('hex').slice(0, 24)}`;
}
