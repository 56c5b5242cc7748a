/**
 * stdio's endpoint between two pipes within one process, with the talking toolset, and a client that writes exactly what
 * it is told.
 */
import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { createLocalBus, type EventBus } from '../../events/event.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createDispatch } from '../dispatch.ts';
import { request } from '../legacy/raw.testing.ts';
import { talkingToolset } from '../legacy/talking.testing.ts';
import { openSealer } from '../sealing.ts';
import { createStdioEndpoint, type StdioEndpoint } from '../stdio-endpoint.ts';
import { compileTable } from '../table.ts';

export type Message = Record<string, unknown>;

export interface Pipes {
  readonly input: PassThrough;
  readonly endpoint: StdioEndpoint;
  readonly bus: EventBus;
  /** What happened to tools of the talking toolset. */
  readonly seen: string[];
  /** One line each. */
  write(...messages: unknown[]): void;
  /** All that was said, whole lines. */
  lines(): string[];
  /** Those of arrays one by one. */
  messages(): Message[];
  /** Notifications and questions. */
  said(method: string): Message[];
  /** Waits for it. */
  answerTo(id: unknown): Promise<Message>;
}

export const log = createLog({ level: 'silent', destination: 'stderr' });

export function openPipes(): Pipes {
  const input = new PassThrough();
  const output = new PassThrough();
  const seen: string[] = [];
  const bus = createLocalBus();
  let text = '';
  output.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const endpoint = createStdioEndpoint({
    identity: { name: 'test', version: '1' },
    dispatch: createDispatch({
      table: compileTable([{ toolset: talkingToolset(seen), deps: { seen } }]),
      log,
      metrics: createMetrics({ processMetrics: false }),
      callTimeoutMs: 30_000,
      taskTimeoutMs: 60_000,
      strictOutput: true,
      sealer: openSealer({ now: () => new Date(), log }),
      publish: (event) => bus.publish(event),
      newId: () => 'id',
    }),
    bus,
    log,
    input,
    output,
  });
  const lines = (): string[] => text.split('\n').slice(0, -1);
  const messages = (): Message[] => lines().flatMap((line) => [JSON.parse(line) as Message | Message[]].flat());
  return {
    input,
    endpoint,
    bus,
    seen,
    write(...written) {
      for (const message of written) input.write(`${JSON.stringify(message)}\n`);
    },
    lines,
    messages,
    said: (method) => messages().filter((message) => message['method'] === method),
    async answerTo(id) {
      const find = (): Message | undefined =>
        messages().find((message) => message['id'] === id && !('method' in message));
      await expect.poll(find, { interval: 5 }).toBeDefined();
      return find() as Message;
    },
  };
}

export const META = 'io.modelcontextprotocol/';

/** A request of the new revision. */
export const modern = (
  id: number | string,
  method: string,
  params: Record<string, unknown> = {},
  version = '2026-07-28',
) => {
  const _meta = {
    [`${META}protocolVersion`]: version,
    [`${META}clientCapabilities`]: { elicitation: {} },
    ...(params['_meta'] as object | undefined),
  };
  return request(id, method, { ...params, _meta });
};
