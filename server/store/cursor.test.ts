import { expect, test } from 'vitest';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from './cursor.ts';

test('a cursor comes back as it was given out, and any other text is refused', () => {
  const schema = z.object({ after: z.int() });
  expect(decodeCursor(encodeCursor({ after: 7 }), schema)).toEqual({ after: 7 });
  for (const cursor of ['', 'nonsense', encodeCursor({ after: 'x' }), encodeCursor({ after: 1 }).repeat(50)])
    expect(() => decodeCursor(cursor, schema)).toThrow('cursor is not one that this list returned');
});
