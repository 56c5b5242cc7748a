/**
 * An authenticator behind real HTTP, used as the front uses it: its own paths first, then a verdict on each request. A
 * clock that the test moves stands in for time.
 */
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuthConfig } from '../config.ts';
import { refuse } from '../http/answer.ts';
import { IncomingRequest } from '../http/body.ts';
import { createLog } from '../telemetry/log.ts';
import { type Authenticator, type AuthenticatorOptions, createAuthenticator } from './authenticator.ts';
import type { Verdict } from './verdict.ts';

export const RESOURCE = 'https://mcp.example.com/mcp';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly challenge: string;
  /** The caller where the request was let through. */
  readonly body: Record<string, unknown>;
}

export interface TestFront {
  readonly authenticator: Authenticator;
  readonly url: string;
  readonly log: string[];
  /** Milliseconds that the clock is ahead of the real one. */
  skipMs: number;
  call(token: string | undefined, path?: string): Promise<Answer>;
  send(options: {
    path?: string;
    method?: string;
    headers?: Record<string, string> | readonly string[];
    body?: string;
  }): Promise<Answer>;
  close(): Promise<void>;
}

export async function startFront(config: AuthConfig, options: Partial<AuthenticatorOptions> = {}): Promise<TestFront> {
  const log: string[] = [];
  const front = { skipMs: 0 };
  const authenticator = await createAuthenticator(config, {
    resource: RESOURCE,
    resourceName: 'assistant',
    log: createLog({ level: 'debug', destination: { write: (line: string) => void log.push(line) } }),
    now: () => Date.now() + front.skipMs,
    ...options,
  });
  const server = createServer({ maxHeaderSize: 16 * 1024, IncomingMessage: IncomingRequest }, (request, response) => {
    if (authenticator.handle(request, response)) return;
    const answer = (verdict: Verdict): void => {
      if (!verdict.ok) return refuse(response, verdict.refusal);
      const { id, scopes, roles } = verdict.caller;
      response.end(JSON.stringify({ id, roles, ...(scopes && { scopes: [...scopes] }) }));
    };
    const verdict = authenticator.authenticate(request);
    if (verdict instanceof Promise)
      verdict.then(answer, (error: unknown) => response.writeHead(500).end(JSON.stringify({ error: String(error) })));
    else answer(verdict);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const send: TestFront['send'] = ({ path = '/mcp', method = 'POST', headers = {}, body }) =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Answer['headers'],
            challenge: response.headers['www-authenticate'] ?? '',
            body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
          });
        });
      });
      sent.on('error', reject).end(body);
    });
  return Object.assign(front, {
    authenticator,
    url: `http://127.0.0.1:${port}`,
    log,
    send,
    call: (token: string | undefined, path = '/mcp') =>
      send({ path, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
      await authenticator.close();
    },
  });
}
