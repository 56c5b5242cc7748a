/** What is kept of a client's handshake. */
import { describe, expect, test } from 'vitest';
import { releaseMemory } from '../../memory.ts';
import { readInitialize } from './initialize.ts';

const capabilitiesOf = (capabilities: unknown): unknown => readInitialize({ capabilities }).client.capabilities;

describe('of a handshake', () => {
  test('capabilities are kept as far as anybody looks at them', () => {
    const kept = capabilitiesOf({
      elicitation: { form: { more: 1 }, url: {}, other: {} },
      sampling: { tools: {}, context: { a: 1 } },
      roots: { listChanged: true },
      experimental: { anything: {} },
      extensions: { 'io.example/x': {} },
    });
    expect(kept).toEqual({ elicitation: { form: {}, url: {} }, sampling: {}, roots: {} });
  });

  test.each([
    [{ elicitation: {} }, { elicitation: {} }],
    [{ elicitation: { form: {} } }, { elicitation: { form: {} } }],
    [{ elicitation: { url: {} } }, { elicitation: { url: {} } }],
    [{ elicitation: { form: 1, url: true } }, { elicitation: {} }],
    [{ elicitation: true, sampling: [], roots: 'all' }, {}],
    [['sampling'], {}],
    [undefined, {}],
  ])('%j means %j', (said, kept) => expect(capabilitiesOf(said)).toEqual(kept));

  test('a name and a version are kept when both are there, and not at any length', () => {
    const infoOf = (clientInfo: unknown): unknown => readInitialize({ clientInfo }).client.info;
    expect(infoOf({ name: 'raw', version: '1', title: 'Raw' })).toEqual({ name: 'raw', version: '1' });
    expect(infoOf({ name: 'é'.repeat(200), version: '1' })).toEqual({ name: 'é'.repeat(128), version: '1' });
    expect(infoOf({ name: 'raw' })).toBeUndefined();
  });

  test('nothing of its size stays in memory', () => {
    const x = 'x'.repeat(1 << 20);
    const text = (n: number): string => {
      const capabilities = { elicitation: { form: { [n]: x } }, experimental: { [n]: x } };
      return JSON.stringify({ capabilities, clientInfo: { name: `${n}${x}`, version: `${n}${x}` } });
    };
    releaseMemory();
    const before = process.memoryUsage().heapUsed;
    const kept = Array.from({ length: 20 }, (_, n) => readInitialize(JSON.parse(text(n)) as Record<string, unknown>));
    releaseMemory();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 << 20);
    expect(kept).toHaveLength(20);
  });
});
