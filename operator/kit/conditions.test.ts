import { expect, test } from 'vitest';
import { findCondition, formatTime, setCondition } from './conditions.ts';
import type { Condition } from './object.ts';

const before: readonly Condition[] = [
  { type: 'Accepted', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
  { type: 'Ready', status: 'False', reason: 'Starting', message: 'no pod', lastTransitionTime: '2026-01-01T00:00:00Z' },
];
const now = '2026-01-02T00:00:00Z';

test('a new reason with the same status keeps the transition time', () => {
  const next = setCondition(
    before,
    { type: 'Ready', status: 'False', reason: 'Slow', message: 'm', observedGeneration: 2 },
    now,
  );
  expect(next[1]).toEqual({
    type: 'Ready',
    status: 'False',
    reason: 'Slow',
    message: 'm',
    observedGeneration: 2,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  expect(next[0]).toBe(before[0]);
});

test('a new status moves the transition time, and a new type comes last', () => {
  const ready = setCondition(before, { type: 'Ready', status: 'True', reason: 'Up', message: '' }, now);
  expect(findCondition(ready, 'Ready')?.lastTransitionTime).toBe(now);
  const more = setCondition(ready, { type: 'Verified', status: 'Unknown', reason: 'Probing', message: '' }, now);
  expect(more.map(({ type }) => type)).toEqual(['Accepted', 'Ready', 'Verified']);
});

test('times are whole seconds in UTC', () => {
  expect(formatTime(1_767_225_599_999)).toBe('2025-12-31T23:59:59Z');
});
