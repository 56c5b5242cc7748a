import { AssertionError } from 'node:assert';
import { expect, test } from 'vitest';
import {
  errorFromStatus,
  isConflict,
  isGone,
  isInvalid,
  isProgrammingError,
  KubeError,
  retryAfterMs,
  TerminalError,
} from './errors.ts';

test('a Status becomes code, reason, details and the time to wait', () => {
  const details = {
    name: 'x',
    causes: [{ field: 'spec.a', reason: 'FieldValueInvalid', message: 'no' }],
    retryAfterSeconds: 2,
  };
  const error = errorFromStatus({ kind: 'Status', code: 422, reason: 'Invalid', message: 'spec.a: no', details }, 500);
  expect(error).toMatchObject({ code: 422, reason: 'Invalid', message: 'spec.a: no', details });
  expect([isInvalid(error), isConflict(error), retryAfterMs(error)]).toEqual([true, false, 2000]);
});

test('a header that says how long to wait wins over the body', () => {
  const error = errorFromStatus({ kind: 'Status', details: { retryAfterSeconds: 9 } }, 429, 500);
  expect(retryAfterMs(error)).toBe(500);
});

test.each([
  undefined,
  null,
  'text',
  7,
  [],
  {},
  { kind: 'Pod', code: 200 },
  { kind: 'Status', message: 7, details: 'x' },
])('whatever else comes as a body (%j) is an error with the code of the answer', (body) => {
  expect(errorFromStatus(body, 502)).toMatchObject({ code: 502, message: 'the API server answered 502' });
});

test('a message is cut, so that a hostile answer does not fill the log', () => {
  expect(errorFromStatus({ kind: 'Status', message: 'x'.repeat(1e6) }, 500).message).toHaveLength(2048);
});

test('an expired version and a changed object are told apart from other refusals', () => {
  expect(isGone(errorFromStatus({ kind: 'Status', code: 410, reason: 'Expired' }, 200))).toBe(true);
  expect(isConflict(new KubeError(409, 'AlreadyExists', ''))).toBe(false);
  expect(isConflict(new KubeError(409, 'Conflict', ''))).toBe(true);
});

test('mistakes of the program are told apart from trouble with the world', () => {
  const mistakes = [new TypeError(), new ReferenceError(), new RangeError(), new AssertionError({ message: '' })];
  expect(mistakes.map(isProgrammingError)).toEqual([true, true, true, true]);
  const trouble = [new Error('x'), new KubeError(500, '', ''), new TerminalError('x'), new SyntaxError(), 'text'];
  expect(trouble.map(isProgrammingError)).toEqual([false, false, false, false, false]);
});
