/**
 * Server-sent events of an exchange as the texts of their data fields, bounded, in any
 * chunking: split characters, CRLF, comments. Must not know what the data means.
 */
import { createParser } from 'eventsource-parser';
import { BackendError } from './backend.ts';
import type { Exchange } from './exchange.ts';

/** Characters of one event. */
const MAX_EVENT = 1024 * 1024;

/**
 * Data of each event, in order. Only an event counts as progress: a backend that sends
 * nothing but comments runs into the idle deadline.
 */
export async function* eventsOf(exchange: Exchange, origin: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let ready: string[] = [];
  let overflow = false;
  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onEvent: (event) => ready.push(event.data),
    onError: (error) => {
      overflow ||= error.type === 'max-buffer-size-exceeded';
    },
  });
  for (let chunk = await exchange.next(); chunk !== undefined; chunk = await exchange.next()) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (ready.length > 0) exchange.progress();
    const events = ready;
    ready = [];
    yield* events;
    if (overflow) throw new BackendError('BadResponse', `${origin} sent an event longer than ${MAX_EVENT} characters`);
  }
  // The last event may lack its blank line.
  parser.feed(`${decoder.decode()}\n\n`);
  yield* ready;
}
