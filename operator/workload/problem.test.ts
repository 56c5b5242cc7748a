import { describe, expect, test } from 'vitest';
import { acceptance, type Problem } from './problem.ts';
import type { Verdict } from './verdict.ts';

const said = ({ status, reason }: Verdict) => `${status}/${reason}`;
const problem = (reason: Problem['reason'], message: string): Problem => ({ reason, message, blocking: false });

describe('Accepted', () => {
  test('without a problem it holds', () => expect(said(acceptance([]))).toBe('True/Accepted'));

  test('the gravest problem gives the reason, and all are told', () => {
    const verdict = acceptance([problem('InvalidReference', 'B.'), problem('SecretNotFound', 'A.')]);
    expect(said(verdict)).toBe('False/SecretNotFound');
    expect(verdict.message).toBe('A. B.');
  });

  test('many problems are counted, not listed', () => {
    const problems = Array.from({ length: 9 }, (_, i) => problem('InvalidReference', `${i}.`));
    expect(acceptance(problems).message).toBe('0. 1. 2. 3. 4. And 4 more.');
  });
});
