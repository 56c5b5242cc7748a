/**
 * The examples say only what the schemas know.
 */
import { expect, test } from 'vitest';
import { KINDS } from './outputs.ts';
import { EXAMPLES } from './testing/examples.ts';

test.each(EXAMPLES)('$file is valid and has no field that would be pruned', ({ object }) => {
  const parsed = KINDS.find(({ kind }) => kind === object.kind)?.schema.parse(object);
  expect(parsed).toMatchObject(object);
});

test.each(KINDS)('there are examples of $kind', ({ kind }) => {
  expect(EXAMPLES.filter(({ object }) => object.kind === kind).length).toBeGreaterThanOrEqual(3);
});
