import { expect, test } from 'vitest';
import { KubeError } from './errors.ts';
import { createLogger } from './log.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line is one JSON object with time, level in words and message', () => {
  const [line] = logged((log) => log.child({ controller: 'c' }).info({ n: 1 }, 'hello'));
  expect(line).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    controller: 'c',
    n: 1,
    message: 'hello',
  });
});

test('secrets are not written, at the top or inside', () => {
  const text = JSON.stringify(
    logged((log) =>
      log.info({ token: 's3cret', headers: { authorization: 's3cret' }, object: { a: { data: 's3cret' } } }, 'm'),
    ),
  );
  expect(text).not.toContain('s3cret');
  expect(text).toContain('[redacted]');
});

test('an error is reduced to what helps, with its cause, whatever else hangs on it', () => {
  const error = Object.assign(new KubeError(409, 'Conflict', 'changed'), { request: { headers: 's3cret' } });
  const [line] = logged((log) => log.error({ error: new Error('outer', { cause: error }) }, 'm'));
  expect(line).toMatchObject({ error: { name: 'Error', message: 'outer', cause: { code: 409, reason: 'Conflict' } } });
  expect(JSON.stringify(line)).not.toContain('s3cret');
});
