import { expect, test } from 'vitest';
import { definePrompt } from '../toolsets/toolset.ts';
import { testDispatch, testRequest } from './dispatch.testing.ts';
import { talkingToolset } from './legacy/talking.testing.ts';

const names = Array.from({ length: 101 }, (_, i) => `name-${i}`);
const pick = definePrompt<{ seen: string[] }>()({
  name: 'pick',
  title: 'Pick',
  description: 'Picks a name.',
  arguments: {
    name: { description: 'Which', complete: async (prefix) => names.filter((name) => name.startsWith(prefix)) },
    plain: { description: 'Anything' },
  },
  run: async () => [],
});
const { dispatch } = testDispatch({ ...talkingToolset(), prompts: [pick] }, { seen: [] });
const complete = (value: string, name = 'name', prompt = 'pick') =>
  dispatch.complete({ ref: { type: 'ref/prompt', name: prompt }, argument: { name, value } }, testRequest());

test('an answer has at most a hundred values, and says that there are more', async () => {
  expect(await complete('name')).toEqual({ values: names.slice(0, 100), hasMore: true });
  expect(await complete('name-100')).toEqual({ values: ['name-100'], hasMore: false });
});

test('what nobody completes has no values: another argument, or a beginning that no value has', async () => {
  const none = { values: [], hasMore: false };
  expect(await complete('x', 'plain')).toEqual(none);
  expect(await complete('x', 'constructor')).toEqual(none);
});

test('a beginning of more than 256 characters is not looked at', async () => {
  const asked: string[] = [];
  const long = {
    ...pick,
    arguments: { name: { description: '', complete: async (prefix: string) => [`${asked.push(prefix)}`] } },
  };
  const { dispatch: other } = testDispatch({ ...talkingToolset(), prompts: [long] }, { seen: [] });
  const ask = (value: string) =>
    other.complete({ ref: { type: 'ref/prompt', name: 'pick' }, argument: { name: 'name', value } }, testRequest());
  expect((await ask('a'.repeat(257))).values).toEqual([]);
  expect((await ask('a'.repeat(256))).values).toEqual(['1']);
});

test('what does not exist cannot be completed', async () => {
  await expect(complete('x', 'name', 'nothing')).rejects.toMatchObject({ code: -32602 });
});
