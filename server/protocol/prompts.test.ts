import { describe, expect, test } from 'vitest';
import { testDispatch, testRequest } from './dispatch.testing.ts';
import { talkingToolset } from './legacy/talking.testing.ts';

const { dispatch } = testDispatch(talkingToolset(), { seen: [] });
const get = (given: unknown) => dispatch.getPrompt('greet', given, testRequest());

test('a prompt is got with its arguments', async () => {
  expect(await get({ who: 'Ada' })).toMatchObject({
    description: 'Greets.',
    messages: [{ role: 'user', content: { text: 'Greet Ada' } }],
  });
});

describe('arguments of a prompt that', () => {
  test.each([
    ['are missing', undefined, 'who is required'],
    ['are unknown', { who: 'Ada', when: 'now' }, 'unknown argument "when"'],
    ['are no text', { who: 7 }, 'who must be a text of at most 100000 characters'],
    ['are too long', { who: 'a'.repeat(100_001) }, 'who must be a text of at most 100000 characters'],
    ['have the name of a part of every object', JSON.parse('{"who":"Ada","__proto__":"x"}'), '"__proto__"'],
  ])('%s are refused by name', async (_name, given, problem) => {
    await expect(get(given)).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining(problem) as string,
    });
  });

  test('are wrong in many ways are told five of them, each name cut short', async () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`${i}${'n'.repeat(300)}`, 'x']));
    const { message } = (await get(many).catch((error: unknown) => error)) as Error;
    expect(message.match(/unknown argument/g)).toHaveLength(5);
    expect(message.length).toBeLessThan(600);
  });
});
