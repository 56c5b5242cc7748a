import { ElicitRequestFormParamsSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { form, missingCapability, roots, sampling, visit } from './questions.ts';

const ask = form('who', 'Who?', z.object({ name: z.string().min(1) }));
const model = sampling({ messages: [], maxTokens: 1 });

test.each([
  ['a form', ask.question, {}, { elicitation: { form: {} } }],
  ['a form', ask.question, { elicitation: {} }, undefined],
  ['a form', ask.question, { elicitation: { form: {} } }, undefined],
  ['a form', ask.question, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
  ['a page', visit('Go', 'https://x').question, { elicitation: {} }, { elicitation: { url: {} } }],
  ['a page', visit('Go', 'https://x').question, { elicitation: { url: {} } }, undefined],
  ['the model', model.question, { elicitation: {} }, { sampling: {} }],
  ['the model', model.question, { sampling: {} }, undefined],
  ['the folders', roots.question, {}, { roots: {} }],
  ['the folders', roots.question, { roots: {} }, undefined],
])('asking for %s of a client that can do %j lacks %j', (_name, question, capabilities, missing) => {
  expect(missingCapability(question, capabilities)).toEqual(missing);
});

test.each([
  [
    { action: 'accept', content: { name: 'Ann' } },
    { action: 'accept', content: { name: 'Ann' } },
  ],
  [{ action: 'decline' }, { action: 'decline' }],
  [{ action: 'cancel', content: { name: 'Ann' } }, { action: 'cancel' }],
  [{ action: 'accept', content: { name: '' } }, undefined],
  [{ action: 'accept' }, undefined],
  [{ name: 'Ann' }, undefined],
  [12345, undefined],
  [null, undefined],
])('the answer %j to a form is read as %j', (answer, read) => {
  expect(ask.read(answer)).toEqual(read);
});

test('answers of models and folders are read, and nothing else is taken for one', () => {
  const answer = { role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'm' };
  expect(model.read(answer)).toEqual(answer);
  expect(model.read({ role: 'assistant', content: 'Paris', model: 'm' })).toBeUndefined();
  expect(roots.read({ roots: [{ uri: 'file:///a' }] })).toEqual([{ uri: 'file:///a' }]);
  expect(roots.read({ roots: 'file:///a' })).toBeUndefined();
});

test('a form says each kind of field in the words of the protocol', () => {
  const option = (value: string) => z.literal(value).meta({ title: value.toUpperCase() });
  const schema = z.object({
    name: z.string().default('x'),
    one: z.union([option('a'), option('b')]),
    many: z.array(z.union([option('a'), option('b')])),
    plain: z.enum(['a', 'b']).optional(),
  });
  const titled = [
    { const: 'a', title: 'A' },
    { const: 'b', title: 'B' },
  ];
  expect(form('choice', 'Choose', schema).question).toEqual({
    method: 'elicitation/create',
    params: {
      message: 'Choose',
      requestedSchema: {
        type: 'object',
        properties: {
          name: { type: 'string', default: 'x' },
          one: { type: 'string', oneOf: titled },
          many: { type: 'array', items: { anyOf: titled } },
          plain: { type: 'string', enum: ['a', 'b'] },
        },
        required: ['one', 'many'],
      },
    },
  });
});

const shownAs = (field: z.ZodType) => form('key', 'Fill in', z.object({ field })).question.params;
const letters = [z.literal('a'), z.literal('b').meta({ title: 'B' })] as const;

test.each<[string, z.ZodType]>([
  ['a text', z.string().max(9).regex(/x/)],
  ['a text that may be missing', z.string().optional()],
  ['an address', z.email()],
  ['a day', z.iso.date()],
  ['a text of a format that clients do not know', z.uuid()],
  ['a number', z.number().multipleOf(5)],
  ['a boolean', z.boolean().default(false)],
  ['a choice', z.enum(['a', 'b'])],
  ['a choice of which some have titles', z.union(letters)],
  ['several choices', z.array(z.enum(['a', 'b'])).max(1)],
  ['several choices of which some have titles', z.array(z.union(letters))],
])('%s is a field that clients take', (_kind, schema) => {
  expect(ElicitRequestFormParamsSchema.safeParse(shownAs(schema)).error).toBeUndefined();
});

test.each<[string, z.ZodType]>([
  ['an object', z.object({ c: z.string() })],
  ['a list of texts', z.array(z.string())],
  ['a record', z.record(z.string(), z.string())],
  ['a text or null', z.string().nullable()],
  ['a text or a number', z.union([z.string(), z.number()])],
  ['a choice of numbers', z.union([z.literal(1), z.literal(2)])],
  ['anything', z.unknown()],
  ['a Date', z.date()],
])('%s is no field, and the author is told of which', (_kind, schema) => {
  expect(() => shownAs(schema)).toThrow(
    'elicit key: the field field must be a text, number, boolean or choice of texts',
  );
});
