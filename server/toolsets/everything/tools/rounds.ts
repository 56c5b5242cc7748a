/** Tools whose answer takes one or more rounds of questions where a server keeps no sessions. */
import { z } from 'zod';
import { text } from '../content.ts';
import { fixture } from '../define.ts';
import { spoken } from './questions.ts';

const NAME = z.object({ name: z.string() });
const OK = z.object({ ok: z.boolean() });

const user = (value: string) => ({ role: 'user', content: text(value) }) as const;
const capital = { messages: [user('What is the capital of France?')], maxTokens: 100 } as const;
const greeting = { messages: [user('Generate a greeting')], maxTokens: 50 } as const;

export const roundTools = [
  fixture('test_input_required_result_elicitation', 'One question', 'Asks the user for a name.', async (call) => {
    const answer = await call.elicit('user_name', { message: 'What is your name?', schema: NAME });
    return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : 'Hello, whoever you are!';
  }),
  fixture(
    'test_input_required_result_sampling',
    'One question to the model',
    'Asks the model for a capital.',
    async (call) => spoken(await call.sample('capital_question', capital)),
  ),
  fixture(
    'test_input_required_result_list_roots',
    'One question for folders',
    'Asks for the folders.',
    async (call) => {
      const roots = await call.roots('client_roots');
      return `Roots: ${roots.map(({ uri }) => uri).join(', ')}`;
    },
  ),
  fixture('test_input_required_result_request_state', 'State', 'Keeps its state with the client.', async (call) => {
    const answer = await call.elicit('confirm', { message: 'Please confirm', schema: OK });
    return `state-ok: ${answer.action}`;
  }),
  fixture(
    'test_input_required_result_tampered_state',
    'Sealed state',
    'Knows its own state from others.',
    async (call) => {
      const answer = await call.elicit('confirm', { message: 'Please confirm', schema: OK });
      return `state-ok: ${answer.action}`;
    },
  ),
  fixture(
    'test_input_required_result_multiple_inputs',
    'Three questions at once',
    'Asks user, model and client.',
    async (call) => {
      const [name, words, roots] = await Promise.all([
        call.elicit('user_name', { message: 'What is your name?', schema: NAME }),
        call.sample('greeting', greeting),
        call.roots('client_roots'),
      ]);
      const who = name.action === 'accept' ? name.content.name : 'stranger';
      return `${spoken(words)} ${who}, you have ${roots.length} roots.`;
    },
  ),
  fixture(
    'test_input_required_result_multi_round',
    'Two rounds',
    'Asks a second time after the first answer.',
    async (call) => {
      const first = await call.elicit('step1', { message: 'Step 1: What is your name?', schema: NAME });
      if (first.action !== 'accept') return 'Stopped after the first step.';
      const second = await call.elicit('step2', {
        message: 'Step 2: What is your favorite color?',
        schema: z.object({ color: z.string() }),
      });
      return second.action === 'accept'
        ? `${first.content.name} likes ${second.content.color}.`
        : `${first.content.name} likes no color.`;
    },
  ),
  fixture(
    'test_input_required_result_capabilities',
    'What can be asked',
    'Asks only what the client can do.',
    async (call) => {
      const { elicitation, sampling, roots } = call.client.capabilities;
      const asked = await Promise.all([
        elicitation && call.elicit('user_name', { message: 'What is your name?', schema: NAME }).then(() => 'user'),
        sampling && call.sample('greeting', greeting).then(() => 'model'),
        roots && call.roots('client_roots').then(() => 'roots'),
      ]);
      return `Asked: ${asked.filter(Boolean).join(', ') || 'nobody'}.`;
    },
  ),
  fixture('test_streaming_elicitation', 'Progress and a question', 'Reports progress, then asks.', async (call) => {
    call.progress({ progress: 1, total: 2, message: 'Asking' });
    const answer = await call.elicit('user_name', { message: 'What is your name?', schema: NAME });
    call.progress({ progress: 2, total: 2, message: 'Answered' });
    return `The user chose to ${answer.action}.`;
  }),
];
