/** Tools that ask the user or the client and say what came back; one question each, on servers of every era. */
import { z } from 'zod';
import type { SamplingAnswer } from '../../content.ts';
import { text } from '../content.ts';
import { common, define, fixture } from '../define.ts';

const option = (value: string, title: string) => z.literal(value).meta({ title });

export const spoken = ({ content }: SamplingAnswer): string => {
  const blocks = 'type' in content ? [content] : content;
  return blocks.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join(' ');
};

const outcome = (answer: { readonly action: string; readonly content?: unknown }): string =>
  `action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`;

const user = (value: string) => ({ role: 'user', content: text(value) }) as const;

export const questionTools = [
  define({
    ...common,
    name: 'test_sampling',
    title: 'Ask the model',
    description: "Asks the client's own model.",
    input: z.strictObject({ prompt: z.string().max(10_000).describe('What the model is asked.') }),
    run: async ({ prompt }, { sample }) => {
      const answer = await sample('prompt', { messages: [user(prompt)], maxTokens: 100 });
      return { content: [text(`LLM response: ${spoken(answer)}`)] };
    },
  }),
  define({
    ...common,
    name: 'test_elicitation',
    title: 'Ask the user',
    description: 'Asks the user for a name and an address.',
    input: z.strictObject({ message: z.string().max(10_000).describe('What the user is told.') }),
    run: async ({ message }, { elicit }) => {
      const schema = z.object({
        username: z.string().describe("User's response"),
        email: z.string().describe("User's email address"),
      });
      const answer = await elicit('user', { message, schema });
      return { content: [text(`User response: ${outcome(answer)}`)] };
    },
  }),
  fixture(
    'test_elicitation_sep1034_defaults',
    'Form with defaults',
    'Asks with a default for each kind of field.',
    async (call) => {
      const schema = z.object({
        name: z.string().default('John Doe'),
        age: z.int().default(30),
        score: z.number().default(95.5),
        status: z.enum(['active', 'inactive', 'pending']).default('active'),
        verified: z.boolean().default(true),
      });
      const answer = await call.elicit('profile', { message: 'Please review your profile.', schema });
      return `Elicitation completed: ${outcome(answer)}`;
    },
  ),
  fixture('test_elicitation_sep1330_enums', 'Form with choices', 'Asks with each kind of choice.', async (call) => {
    const schema = z.object({
      untitledSingle: z.enum(['option1', 'option2', 'option3']),
      titledSingle: z.union([
        option('value1', 'First Option'),
        option('value2', 'Second Option'),
        option('value3', 'Third Option'),
      ]),
      legacyEnum: z.enum(['opt1', 'opt2', 'opt3']).meta({ enumNames: ['Option One', 'Option Two', 'Option Three'] }),
      untitledMulti: z.array(z.enum(['option1', 'option2', 'option3'])),
      titledMulti: z.array(
        z.union([
          option('value1', 'First Choice'),
          option('value2', 'Second Choice'),
          option('value3', 'Third Choice'),
        ]),
      ),
    });
    const answer = await call.elicit('choices', { message: 'Please choose.', schema });
    return `Elicitation completed: ${outcome(answer)}`;
  }),
  fixture(
    'test_missing_capability',
    'Needs a model',
    'Works only with a client that lends its model.',
    async (call) => {
      const answer = await call.sample('word', { messages: [user('Say a word.')], maxTokens: 10 });
      return spoken(answer);
    },
  ),
];
