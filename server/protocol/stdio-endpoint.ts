/**
 * MCP over a pair of pipes, stdin and stdout of a process, in all revisions: the first request that is no probe and is
 * not refused decides for the connection. One message a line; nothing else may write to the output.
 */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { EventBus } from '../events/event.ts';
import { parseJson } from '../http/json.ts';
import { ANONYMOUS } from '../toolsets/call.ts';
import type { Dispatch } from './dispatch.ts';
import type { Identity } from './identity.ts';
import { batchProblem, isInitialize, readBatch } from './legacy/batch.ts';
import { errorText, type Id, type Message, type RequestMessage, readMessage } from './message.ts';
import { claimsVersion } from './modern/envelope.ts';
import type { Extension } from './modern/methods.ts';
import { INTERNAL_ERROR, INVALID_REQUEST, REFUSED, RpcError, ScopeRequired } from './rpc-error.ts';
import type { Era } from './stdio/era.ts';
import { createLegacyEra } from './stdio/legacy-era.ts';
import { readLines } from './stdio/lines.ts';
import { createModernEra } from './stdio/modern-era.ts';
import { contentOf, requestIds } from './stdio/refused-line.ts';

export interface StdioEndpoint {
  /** Resolves when the client says nothing more: it has closed the input, or the output. */
  readonly ended: Promise<void>;
  /** Takes no more messages, answers the requests under way, and resolves when the output has them. */
  close(): Promise<void>;
}

export interface StdioEndpointOptions {
  readonly identity: Identity;
  readonly dispatch: Dispatch;
  readonly bus: EventBus;
  readonly log: Logger;
  readonly extensions?: readonly Extension[];
  readonly input: Readable;
  readonly output: Writable;
}

const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** Requests at once; the client is another program of the same user, which may be wrong but not hostile. */
const MAX_RUNNING = 256;
const MAX_SUBSCRIPTIONS = 64;

export function createStdioEndpoint(options: StdioEndpointOptions): StdioEndpoint {
  const { log, bus, input, output } = options;
  const running = new Set<Promise<void>>();
  let closing = false;
  const say = (text: string): void => void (output.writable && output.write(`${text}\n`));
  const modern = createModernEra({ ...options, maxSubscriptions: MAX_SUBSCRIPTIONS, caller: ANONYMOUS, say });
  const legacy = createLegacyEra({ ...options, caller: ANONYMOUS, say });
  let pinned: Era | undefined;

  const eraOf = (message: Message): Era => {
    if (pinned) return pinned;
    const era = claimsVersion(message as { params?: unknown }) && !isInitialize(message) ? modern : legacy;
    // A client that probes may still find that it does not speak the revision it was told.
    if (message.kind === 'request' && message.method !== 'server/discover' && era.isChosenBy(message)) pinned = era;
    return era;
  };

  const answer = async (message: RequestMessage): Promise<string | undefined> => {
    const era = eraOf(message);
    if (running.size >= MAX_RUNNING)
      return errorText(message.id, INTERNAL_ERROR, 'Too many requests at once. Wait for answers first.');
    try {
      return await era.answer(message);
    } catch (error) {
      if (error instanceof ScopeRequired) return errorText(message.id, REFUSED, error.message);
      log.error({ error }, 'a request failed outside the tools');
      return errorText(message.id, INTERNAL_ERROR, 'internal error');
    }
  };

  const refuse = (ids: readonly Id[], { code, message }: RpcError): undefined => {
    log.warn({ problem: message }, 'a line cannot be taken');
    for (const id of ids) say(errorText(id, code, message));
    if (ids.length === 0 && (pinned?.hasErrorsWithoutId ?? true)) say(errorText(undefined, code, message));
    return undefined;
  };

  const receive = (message: Message): Promise<string | undefined> | undefined => {
    if (message.kind === 'request') return answer(message);
    if (message.kind === 'notification') eraOf(message).notified(message);
    else if (message.kind === 'response') eraOf(message).responded(message);
    else refuse(message.id === null ? [] : [message.id], invalid(message.problem));
    return undefined;
  };

  /** Some answers are an array, or nothing where there are none. */
  const receiveBatch = async (messages: readonly Message[]): Promise<string | undefined> => {
    const answers = await Promise.all(messages.map(async (message) => receive(message)));
    const texts = answers.filter((text) => text !== undefined);
    return texts.length === 0 ? undefined : `[${texts.join(',')}]`;
  };

  const takeBatch = (values: readonly unknown[]): Promise<string | undefined> | undefined => {
    const messages = readBatch(values);
    const problem = batchProblem(messages, pinned?.hasBatches === true);
    return problem === undefined ? receiveBatch(messages) : refuse(requestIds(values), invalid(problem));
  };

  const take = (line: Buffer | 'TooLong'): void => {
    if (line === 'TooLong') return refuse([], invalid(`the line has more than ${MAX_LINE_BYTES} bytes`));
    const parsed = parseJson(line);
    if (!parsed.ok) return refuse(requestIds(contentOf(line)), new RpcError(parsed.code, parsed.message));
    const answered = Array.isArray(parsed.value) ? takeBatch(parsed.value) : receive(readMessage(parsed.value));
    if (!answered) return;
    const said = answered.then((text) => {
      running.delete(said);
      if (text !== undefined) say(text);
    });
    running.add(said);
  };

  const read = async (): Promise<void> => {
    for await (const line of readLines(input, MAX_LINE_BYTES)) {
      if (closing) return;
      take(line);
      // A client that does not read its answers may not send more.
      if (output.writableNeedDrain) await Promise.race([once(output, 'drain'), once(output, 'close')]);
    }
  };

  const unsubscribe = bus.subscribe((event) => pinned?.tell(event));
  output.on('error', (error) => {
    log.debug({ error }, 'the client no longer reads');
    input.destroy();
  });
  const ended = read().catch((error: unknown) => log.debug({ error }, 'the input has broken'));

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing = true;
    input.destroy();
    unsubscribe();
    await Promise.all([modern.hangUp(), legacy.hangUp()]);
    while (running.size > 0) await Promise.all(running);
    if (output.writable) await new Promise((resolve) => output.write('', resolve));
  };
  return { ended, close: () => (closed ??= close()) };
}

const invalid = (problem: string): RpcError => new RpcError(INVALID_REQUEST, `Invalid Request: ${problem}`);
