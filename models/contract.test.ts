import { afterEach, describe, expect, test } from 'vitest';
import { openBackend, type Protocol } from './adapters.ts';
import type { Backend } from './backend.ts';
import { ROWS, SECRET, type Wire } from './contract.ts';
import * as openai from './testing/openai-engine.ts';
import { event, type Scripted, SILENCE, startScripted, stream } from './testing/scripted.ts';

const WIRES: Readonly<Record<Protocol, Wire>> = {
  OpenAI: {
    models: openai.models,
    chat: openai.chatAnswer,
    chatStream: openai.chatStream,
    completion: openai.textAnswer,
    embeddings: openai.embeddings,
    error: (status, kind, headers) =>
      openai.errorReply(
        status,
        kind === 'contextLength'
          ? { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' }
          : { message: 'no', type: 'error', code: kind === 'unknownModel' ? 'model_not_found' : null },
        headers,
      ),
    errorInStream: (...pieces) =>
      stream([...pieces.map(openai.delta), event({ error: { message: 'out of memory', type: 'server_error' } })]),
    endless: (...pieces) => stream(pieces.map(openai.delta)),
  },
};

const timeouts = { connectMs: 1_000, firstByteMs: 400, idleMs: 300, requestMs: 5_000 };
let server: Scripted;
let backend: Backend;

afterEach(async () => {
  await backend.shutdown();
  await server.close();
});

describe.for(Object.keys(WIRES) as Protocol[])('the adapter for %s', (protocol) => {
  test.for(ROWS.map((row) => [row.name, row] as const))('%s', async ([, row]) => {
    server = await startScripted(() => SILENCE);
    const credential = async () => ({ header: 'authorization', value: `Bearer ${SECRET}` });
    backend = openBackend(protocol, { url: server.url, pathPrefix: '/base', headers: {}, credential, timeouts });
    expect(await row.outcome({ backend, server, wire: WIRES[protocol] })).toEqual(row.expected);
  });
});
