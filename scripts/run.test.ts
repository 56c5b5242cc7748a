/**
 * Running a program quietly.
 */
import { expect, test } from 'vitest';
import { outcomeLine, runQuietly } from './run.ts';

test('a program that fails keeps what it printed on both streams', async () => {
  const script = "console.log('out'); console.error('err'); process.exit(3)";
  const outcome = await runQuietly({ name: 'fails', command: ['node', '-e', script] });
  expect(outcome).toMatchObject({ name: 'fails', ok: false, output: 'out\n\nerr\n' });
});

test('a program ended by a signal has failed, and says by which', async () => {
  const outcome = await runQuietly({ name: 'killed', command: ['node', '-e', 'process.kill(process.pid)'] });
  expect(outcome).toMatchObject({ ok: false, output: 'ended by SIGTERM' });
});

test('a program that is missing has failed, and is named', async () => {
  const outcome = await runQuietly({ name: 'missing', command: ['no-such-program'] });
  expect(outcome.ok).toBe(false);
  expect(outcome.output).toContain('no-such-program');
});

test('the line of an outcome says how it ended and how long it took', () => {
  expect(outcomeLine({ name: 'types', ok: true, seconds: 3.14, output: '' })).toBe('✓ types           3.1 s');
});
