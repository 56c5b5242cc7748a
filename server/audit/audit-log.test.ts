import { describe, expect, test, vi } from 'vitest';
import type { AuditEntry } from '../protocol/run.ts';
import { createAuditLog } from './audit-log.ts';

const entry = (overrides: { caller?: string; name?: string } = {}): AuditEntry => ({
  id: 'a1',
  request: {
    caller: { id: overrides.caller ?? 'ada' },
    transport: 'http',
    revision: '2026-07-28',
    client: { capabilities: {} },
    signal: new AbortController().signal,
  },
  operation: { method: 'tools/call', name: overrides.name ?? 'echo', count: () => undefined },
  outcome: 'ok',
  seconds: 0.001_234_5,
  spent: undefined,
});
const NOON = Date.UTC(2026, 0, 2, 12, 0, 0, 7);

function open() {
  const chunks: string[] = [];
  const log = createAuditLog({
    write: (lines) => void chunks.push(lines),
    now: () => NOON,
  });
  return {
    log,
    chunks,
    lines: () =>
      chunks
        .join('')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
  };
}

test('a line says who, what, how it ended and how long it took', () => {
  const { log, lines } = open();
  log.record(entry());
  log.flush();
  expect(lines()).toEqual([
    {
      level: 'info',
      time: '2026-01-02T12:00:00.007Z',
      message: 'call',
      request: 'a1',
      caller: 'ada',
      method: 'tools/call',
      name: 'echo',
      outcome: 'ok',
      ms: 1.235,
      transport: 'http',
      revision: '2026-07-28',
    },
  ]);
});

test('what a call spent on models stands in its line', () => {
  const { log, lines } = open();
  log.record({ ...entry(), spent: { inputTokens: 21, outputTokens: 9 } });
  log.flush();
  expect(lines()).toMatchObject([{ request: 'a1', inputTokens: 21, outputTokens: 9 }]);
});

test('a caller cannot write lines of its own, nor long ones', () => {
  const { log, chunks, lines } = open();
  log.record(entry({ caller: 'eve","outcome":"ok"}\n{"caller":"ada' }));
  log.record(entry({ caller: 'x'.repeat(10_000) }));
  log.flush();
  expect(lines()).toMatchObject([{ caller: 'eve","outcome":"ok"}\n{"caller":"ada' }, { caller: 'x'.repeat(256) }]);
  expect(chunks.join('').split('\n')).toHaveLength(3);
});

describe('lines are written together', () => {
  test('at the latest after a tenth of a second', () => {
    vi.useFakeTimers();
    const { log, chunks } = open();
    for (let n = 0; n < 10; n += 1) log.record(entry());
    expect(chunks).toHaveLength(0);
    vi.advanceTimersByTime(100);
    expect(chunks).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    log.flush();
    expect(chunks).toHaveLength(1);
    vi.useRealTimers();
  });

  test('and never more of them than fit a small buffer; none is lost', () => {
    const { log, chunks, lines } = open();
    for (let n = 0; n < 1_000; n += 1) log.record(entry());
    log.flush();
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(17_000);
    expect(lines()).toHaveLength(1_000);
  });
});

test('a line costs a microsecond or two', () => {
  const log = createAuditLog({ write: () => undefined, now: Date.now });
  const one = entry();
  const round = (): number => {
    const start = performance.now();
    for (let n = 0; n < 20_000; n += 1) log.record(one);
    return ((performance.now() - start) * 1000) / 20_000;
  };
  expect(Math.min(round(), round(), round(), round(), round())).toBeLessThan(5); // 0.7 on a quiet machine
  log.flush();
});
