/**
 * Connections to Redis, or what speaks its protocol: commands that fail at once where it does not answer, and
 * subscriptions that come back by themselves. Loaded only where a configuration names it. The URL, which holds a
 * password, stands in a file that is read again for each connection, and never reaches an error or a log.
 */
import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { ConfigError } from '../config-error.ts';

export interface OpenRedis {
  /** For commands; each fails at once without a connection, and after `COMMAND_MS` without an answer. */
  readonly commands: Redis;
  /** For one user's subscriptions. */
  subscriber(): Redis;
  close(): void;
}

type Settings = RedisOptions & { readonly replyMapping: 'legacy' };

const CONNECT_MS = 5_000;
const COMMAND_MS = 250;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

/** Throws ConfigError where the file holds no URL; connects in the background. */
export function openRedis({ urlFile, log }: { readonly urlFile: string; readonly log: Logger }): OpenRedis {
  const open: Redis[] = [];
  const connect = (purpose: string, pipelining: boolean): Redis => {
    const settings: Settings = {
      ...serverOf(readUrl(urlFile)),
      connectionName: `mcp-fleet-${purpose}`,
      connectTimeout: CONNECT_MS,
      commandTimeout: COMMAND_MS,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: null,
      keepAlive: 10_000,
      protocol: 2,
      replyMapping: 'legacy',
      enableAutoPipelining: pipelining,
      retryStrategy(times) {
        try {
          Object.assign(client.options, serverOf(readUrl(urlFile)));
        } catch (error) {
          log.warn({ error }, 'using the Redis URL that was read before');
        }
        return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** times) * (0.5 + Math.random() / 2);
      },
    };
    const client: Redis = new Redis(settings);
    let well = true;
    client.on('error', (error: Error) => {
      if (well) log.warn({ error, purpose }, 'Redis does not answer');
      well = false;
    });
    client.on('ready', () => {
      if (!well) log.info({ purpose }, 'Redis answers again');
      well = true;
    });
    open.push(client);
    return client;
  };
  return {
    commands: connect('commands', true),
    subscriber: () => connect('events', false),
    close: () => {
      for (const client of open) client.disconnect();
    },
  };
}

/** Reads the URL; errors name the file, never its content. */
function readUrl(urlFile: string): URL {
  let text: string;
  try {
    text = readFileSync(urlFile, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`redis.urlFile: ${urlFile} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text))
    throw new ConfigError(`redis.urlFile: ${urlFile} does not hold a URL of the form redis://:password@host:6379/0`);
  return new URL(text);
}

function serverOf({
  protocol,
  hostname,
  port,
  username,
  password,
  pathname,
}: URL): Pick<RedisOptions, 'host' | 'port' | 'username' | 'password' | 'db' | 'tls'> {
  const database = Number(pathname.slice(1));
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    db: Number.isInteger(database) ? database : 0,
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
