/** Prompts of each kind: plain, with arguments, with a resource, with a picture, and one that asks the user. */
import { z } from 'zod';
import { definePrompt } from '../toolset.ts';
import { image, text } from './content.ts';
import { type EverythingDeps, SCOPE } from './define.ts';

const prompt = definePrompt<EverythingDeps>();
const says = <Content>(content: Content) => ({ role: 'user', content }) as const;

const WORDS = ['test', 'testing', 'text'];
const complete = async (prefix: string): Promise<readonly string[]> => WORDS.filter((word) => word.startsWith(prefix));

export const prompts = [
  prompt({
    name: 'test_simple_prompt',
    title: 'Simple prompt',
    description: 'A prompt without arguments.',
    arguments: {},
    scope: SCOPE,
    run: async () => [says(text('This is a simple prompt for testing.'))],
  }),
  prompt({
    name: 'test_prompt_with_arguments',
    title: 'Prompt with arguments',
    description: 'A prompt with two arguments.',
    arguments: {
      arg1: { description: 'First test argument', required: true, complete },
      arg2: { description: 'Second test argument', required: true },
    },
    scope: SCOPE,
    run: async ({ arg1, arg2 }) => [says(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  }),
  prompt({
    name: 'test_prompt_with_embedded_resource',
    title: 'Prompt with a resource',
    description: 'A prompt that brings a resource along.',
    arguments: { resourceUri: { description: 'URI of the resource to embed', required: true } },
    scope: SCOPE,
    run: async ({ resourceUri: uri }) => [
      says({
        type: 'resource',
        resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
      } as const),
      says(text('Please process the embedded resource above.')),
    ],
  }),
  prompt({
    name: 'test_prompt_with_image',
    title: 'Prompt with a picture',
    description: 'A prompt that brings a picture along.',
    arguments: {},
    scope: SCOPE,
    run: async () => [says(image), says(text('Please analyze the image above.'))],
  }),
  prompt({
    name: 'test_input_required_result_prompt',
    title: 'Prompt that asks',
    description: 'A prompt that asks the user for its context.',
    arguments: {},
    scope: SCOPE,
    run: async (_input, { elicit }) => {
      const schema = z.object({ context: z.string() });
      const answer = await elicit('user_context', { message: 'What context should the prompt use?', schema });
      const context = answer.action === 'accept' ? answer.content.context : 'none';
      return [says(text(`Use this context: ${context}`))];
    },
  }),
];
