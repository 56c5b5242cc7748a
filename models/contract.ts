/**
 * What every adapter must do, as rows that run against a real server on loopback. An
 * adapter brings the bodies of its protocol (`Wire`); the rows know none. For tests.
 */
import { type Backend, BackendError, type BackendErrorReason, type ChatRequest, type StreamPart } from './backend.ts';
import { CUT, type Reply, type Scripted, SILENCE, type Step } from './testing/scripted.ts';

/** A protocol's bodies. */
export interface Wire {
  models(...names: readonly string[]): Reply;
  chat(text: string): Reply;
  /** Steps of a streamed answer: texts become frames, other steps stay. */
  chatStream(...pieces: readonly Step[]): Reply;
  completion(text: string): Reply;
  embeddings(...vectors: readonly (readonly number[])[]): Reply;
  /** A refusal in the protocol's error shape. */
  error(status: number, kind: 'generic' | 'contextLength' | 'unknownModel', headers?: Record<string, string>): Reply;
  /** A stream that reports an error within HTTP 200 after these texts. */
  errorInStream(...pieces: readonly string[]): Reply;
  /** A stream that ends properly as HTTP but lacks its end. */
  endless(...pieces: readonly string[]): Reply;
}

export interface Subject {
  readonly backend: Backend;
  readonly server: Scripted;
  readonly wire: Wire;
}

export interface Row {
  readonly name: string;
  readonly expected: unknown;
  outcome(subject: Subject): Promise<unknown>;
}

/** What the adapter is given as credential. */
export const SECRET = 'secret_token_of_the_test';

const question: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

/** What a streamed answer gave: its text, its finish reason if it ended, its failure if it failed. */
async function collect(parts: AsyncIterable<StreamPart>) {
  let text = '';
  let finish: string | undefined;
  try {
    for await (const part of parts) {
      if (part.type === 'text') text += part.text;
      else finish = part.finishReason;
    }
  } catch (error) {
    const { reason, partialText } = error as BackendError;
    return { text, finish, reason, partialText };
  }
  return { text, finish };
}

async function failure(promise: Promise<unknown>): Promise<BackendError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (caught: unknown) => caught,
  );
  if (error instanceof BackendError) return error;
  throw error;
}

const html = { headers: { 'content-type': 'text/html' }, steps: ['<html></html>'] };
const halfJson = { headers: { 'content-type': 'application/json' }, steps: ['{"choices": [{'] };
const redirect = { status: 302, headers: { location: 'http://169.254.169.254/' }, steps: [] };
const cutBody = {
  headers: { 'content-length': '100', 'content-type': 'application/json' },
  steps: ['{"a"', CUT] as const,
};

const refusals: readonly [string, (wire: Wire) => Reply, BackendErrorReason][] = [
  ['401', (wire) => wire.error(401, 'generic'), 'Unauthorized'],
  ['403', (wire) => wire.error(403, 'generic'), 'Unauthorized'],
  ['404', (wire) => wire.error(404, 'unknownModel'), 'ModelNotFound'],
  ['429', (wire) => wire.error(429, 'generic'), 'RateLimited'],
  ['500', (wire) => wire.error(500, 'generic'), 'Unavailable'],
  ['503', (wire) => wire.error(503, 'generic'), 'Unavailable'],
  ['400 for a request that is too long', (wire) => wire.error(400, 'contextLength'), 'ContextLengthExceeded'],
  ['400', (wire) => wire.error(400, 'generic'), 'BadRequest'],
  ['a page of HTML', () => html, 'BadResponse'],
  ['half a JSON document', () => halfJson, 'BadResponse'],
  ['a redirect', () => redirect, 'BadResponse'],
  ['a body that is cut', () => cutBody, 'Unavailable'],
];

const refusalRow = ([name, reply, reason]: (typeof refusals)[number]): Row => ({
  name: `maps ${name} to ${reason}, streamed or not, and does not ask again`,
  expected: { whole: reason, streamed: reason, requests: 2 },
  async outcome({ backend, server, wire }) {
    server.answer(() => reply(wire));
    const whole = (await failure(backend.chat(question))).reason;
    const streamed = (await collect(backend.streamChat(question))).reason;
    return { whole, streamed, requests: server.requests.length };
  },
});

const ANSWERS: readonly Row[] = [
  {
    name: 'lists models by name',
    expected: ['a', 'b'],
    outcome({ backend, server, wire }) {
      server.answer(() => wire.models('a', 'b'));
      return backend.listModels();
    },
  },
  {
    name: 'answers a chat with text, finish reason and counted tokens',
    expected: { text: 'hello', finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 3, estimated: false } },
    outcome({ backend, server, wire }) {
      server.answer(() => wire.chat('hello'));
      return backend.chat(question);
    },
  },
  {
    name: 'answers a completion',
    expected: 'on and on',
    async outcome({ backend, server, wire }) {
      server.answer(() => wire.completion('on and on'));
      return (await backend.complete({ model: 'm', prompt: 'p' })).text;
    },
  },
  {
    name: 'streams text in order and then one end',
    expected: { text: 'grüß die 世界', finish: 'stop' },
    outcome({ backend, server, wire }) {
      server.answer(() => wire.chatStream('grüß ', 'die ', '世界'));
      return collect(backend.streamChat(question));
    },
  },
  {
    name: 'reads the same stream byte by byte',
    expected: { text: 'grüß 世界 🙂', finish: 'stop' },
    outcome({ backend, server, wire }) {
      const whole = Buffer.concat(wire.chatStream('grüß ', '世界 🙂').steps.map((step) => Buffer.from(step as string)));
      server.answer(() => ({ ...wire.chatStream(), steps: Array.from(whole, (byte) => Uint8Array.of(byte)) }));
      return collect(backend.streamChat(question));
    },
  },
  {
    name: 'keeps connections for the answers to come',
    // A second one at the most: the end of a stream may still be on its way when the next request is made.
    expected: true,
    async outcome({ backend, server, wire }) {
      server.answer(({ body }) => (body.includes('"stream":true') ? wire.chatStream('a') : wire.chat('b')));
      for (let round = 0; round < 8; round += 1) {
        await collect(backend.streamChat(question));
        await backend.chat(question);
      }
      return server.connections() <= 2;
    },
  },
  {
    name: 'gives one vector for each input',
    expected: [
      [1, 2],
      [3, 4],
    ],
    async outcome({ backend, server, wire }) {
      server.answer(() => wire.embeddings([1, 2], [3, 4]));
      return (await backend.embed({ model: 'm', input: ['x', 'y'] })).vectors;
    },
  },
];

const FAILURES: readonly Row[] = [
  ...refusals.map(refusalRow),
  {
    name: 'refuses vectors that are fewer than the inputs, or of different lengths',
    expected: ['BadResponse', 'BadResponse'],
    async outcome({ backend, server, wire }) {
      server.answer((_, index) => (index === 0 ? wire.embeddings([1, 2]) : wire.embeddings([1, 2], [3])));
      const ask = async () => (await failure(backend.embed({ model: 'm', input: ['x', 'y'] }))).reason;
      return [await ask(), await ask()];
    },
  },
  {
    name: 'passes on how long to wait, from seconds and from a date',
    expected: { seconds: 7_000, date: true },
    async outcome({ backend, server, wire }) {
      const date = () => new Date(Date.now() + 90_000).toUTCString();
      server.answer((_, index) => wire.error(429, 'generic', { 'retry-after': index === 0 ? '7' : date() }));
      const ask = async () => (await failure(backend.chat(question))).retryAfterMs ?? 0;
      const [seconds, until] = [await ask(), await ask()];
      return { seconds, date: until > 80_000 && until <= 90_000 };
    },
  },
  {
    name: 'reports an error within a stream together with the text before it',
    expected: { text: 'half an ', finish: undefined, reason: 'Unavailable', partialText: 'half an ' },
    outcome({ backend, server, wire }) {
      server.answer(() => wire.errorInStream('half an '));
      return collect(backend.streamChat(question));
    },
  },
  {
    name: 'never takes a stream for an answer that was cut, or that ends without an end',
    expected: Array.from({ length: 2 }, () => ({
      text: 'half an ',
      finish: undefined,
      reason: 'Unavailable',
      partialText: 'half an ',
    })),
    async outcome({ backend, server, wire }) {
      server.answer((_, index) => (index === 0 ? wire.chatStream('half an ', CUT) : wire.endless('half an ')));
      return [await collect(backend.streamChat(question)), await collect(backend.streamChat(question))];
    },
  },
  {
    name: 'gives up a stream that falls silent, and lets go upstream',
    expected: { text: 'half an ', finish: undefined, reason: 'Timeout', partialText: 'half an ' },
    async outcome({ backend, server, wire }) {
      server.answer(() => wire.chatStream('half an ', SILENCE));
      const collected = await collect(backend.streamChat(question));
      await server.abandoned;
      return collected;
    },
  },
  {
    name: 'gives up when no answer begins, and lets go upstream',
    expected: 'Timeout',
    async outcome({ backend, server }) {
      server.answer(() => SILENCE);
      const { reason } = await failure(backend.chat(question));
      await server.abandoned;
      return reason;
    },
  },
  {
    name: 'ends the request upstream when the caller aborts',
    expected: 'Aborted',
    async outcome({ backend, server, wire }) {
      server.answer(() => wire.chatStream('half an ', SILENCE));
      const abort = new AbortController();
      const parts = backend.streamChat(question, { signal: abort.signal })[Symbol.asyncIterator]();
      await parts.next();
      abort.abort();
      const { reason } = await failure(parts.next());
      await server.abandoned;
      return reason;
    },
  },
  {
    name: 'ends the request upstream when the reader leaves',
    expected: 'half an ',
    async outcome({ backend, server, wire }) {
      server.answer(() => wire.chatStream('half an ', SILENCE));
      let read = '';
      for await (const part of backend.streamChat(question)) {
        read = part.type === 'text' ? part.text : '';
        break;
      }
      await server.abandoned;
      return read;
    },
  },
  {
    name: 'fails calls under way, and later ones, as Aborted when it is shut down',
    expected: ['Aborted', 'Aborted'],
    async outcome({ backend, server }) {
      const asked = Promise.withResolvers<void>();
      server.answer(() => {
        asked.resolve();
        return SILENCE;
      });
      const failed = failure(backend.chat(question));
      await asked.promise;
      await backend.shutdown();
      return [(await failed).reason, (await failure(backend.chat(question))).reason];
    },
  },
  {
    name: 'stops reading a body without end',
    expected: 'BadResponse',
    async outcome({ backend, server }) {
      const piece = ' '.repeat(1024 * 1024);
      const headers = { 'content-type': 'application/json' };
      server.answer(() => ({ headers, steps: Array.from({ length: 1024 }, () => piece) }));
      const { reason } = await failure(backend.chat(question));
      await server.abandoned;
      return reason;
    },
  },
  {
    name: 'sends the credential and never repeats it',
    expected: { sent: `Bearer ${SECRET}`, repeated: false },
    async outcome({ backend, server, wire }) {
      const echo = JSON.stringify({ error: { code: SECRET, type: SECRET, message: SECRET } });
      server.answer(() => ({ ...wire.error(401, 'generic'), steps: [echo] }));
      const failed = await failure(backend.chat(question));
      const shown = `${failed.message} ${failed.stack} ${String(failed.cause)}`;
      return { sent: server.requests[0]?.headers['authorization'], repeated: shown.includes(SECRET) };
    },
  },
];

export const ROWS: readonly Row[] = [...ANSWERS, ...FAILURES];
