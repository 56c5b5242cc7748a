import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void): { text: string; line: Record<string, unknown> } {
  let text = '';
  write(createLog({ level: 'info', destination: { write: (chunk: string) => void (text += chunk) } }));
  return { text, line: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

test('a line is one JSON object with time, level and message', () => {
  const { line } = logged((log) => log.info({ tool: 'echo' }, 'answered'));
  expect(line).toMatchObject({ level: 'info', message: 'answered', tool: 'echo' });
  expect(line['time']).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);
});

test.each(['authorization', 'cookie', 'token', 'password', 'apiKey', 'secret', 'credential', 'headers'])(
  'a field with the name %s is blanked, one level down too',
  (name) => {
    for (const value of ['hunter2', { inside: 'hunter2' }, ['hunter2']]) {
      const { line, text } = logged((log) =>
        log.info({ [name]: value, request: { [name]: value, tool: 'echo' } }, 'x'),
      );
      expect(text).not.toContain('hunter2');
      expect(line['request']).toMatchObject({ tool: 'echo' });
    }
  },
);

test.each(['error', 'err'])('of a failure under %s only name, message, code, stack and cause are shown', (field) => {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', config: { headers: 'hunter2' } });
  const { text, line } = logged((log) => log.error({ [field]: new TypeError('no answer', { cause }) }, 'x'));
  expect(line[field]).toMatchObject({ name: 'TypeError', message: 'no answer', cause: { code: 'ECONNREFUSED' } });
  expect(text).not.toContain('hunter2');
});

test('what is below the level is not written', () => {
  expect(logged((log) => log.debug('quiet')).text).toBe('');
});
