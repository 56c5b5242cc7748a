/** Tools that become tasks: that end well, badly, or when they are cancelled, and that ask while they are tasks or before. */
import { z } from 'zod';
import { ToolError } from '../../toolset.ts';
import { text } from '../content.ts';
import { common, define, fixture } from '../define.ts';

const CONFIRM = z.object({ confirm: z.boolean() });
const NAME = z.object({ name: z.string() });
/** Long enough for a client to see the task before it ends. */
const WORK_MS = 1_000;

export const taskTools = [
  define({
    ...common,
    name: 'greet',
    title: 'Greet',
    description: 'Greets at once; never a task.',
    input: z.strictObject({ name: z.string().max(1_000).describe('Who is greeted.') }),
    run: async ({ name }) => ({ content: [text(`Hello, ${name}!`)] }),
  }),
  define({
    ...common,
    name: 'slow_compute',
    title: 'Compute slowly',
    description: 'Takes as long as it is told.',
    task: 'optional',
    input: z.strictObject({
      seconds: z.number().min(0).max(3_600).describe('How long it takes.'),
      label: z.string().max(1_000).default('').describe('Comes back with the result.'),
    }),
    run: async ({ seconds, label }, { deps, signal }) => {
      await deps.wait(1_000 * seconds, signal);
      return { content: [text(`Computed ${label} in ${seconds} s`)] };
    },
  }),
  {
    ...fixture('failing_job', 'Job that fails', 'Works for a second and says that it has failed.', async (call) => {
      await call.deps.wait(WORK_MS, call.signal);
      throw new ToolError('This job always fails.');
    }),
    task: 'required',
  } as const,
  {
    ...fixture('protocol_error_job', 'Job that breaks', 'Ends in an error of the server itself.', async (call) => {
      await call.deps.wait(WORK_MS / 10, call.signal);
      throw new Error('this fixture always breaks');
    }),
    task: 'optional',
  } as const,
  define({
    ...common,
    name: 'confirm_delete',
    title: 'Confirm a deletion',
    description: 'Asks the user before it would delete a file.',
    task: 'optional',
    input: z.strictObject({ filename: z.string().max(1_000).describe('What would be deleted.') }),
    run: async ({ filename }, { elicit }) => {
      const answer = await elicit('confirm', { message: `Delete ${filename}?`, schema: CONFIRM });
      const isConfirmed = answer.action === 'accept' && answer.content.confirm;
      return { content: [text(isConfirmed ? `Deleted ${filename}` : `Kept ${filename}`)] };
    },
  }),
  {
    ...fixture('multi_input', 'Two questions at once', 'Asks the user two questions at once.', async ({ elicit }) => {
      const [first, second] = await Promise.all([
        elicit('first', { message: 'What is the first name?', schema: NAME }),
        elicit('second', { message: 'What is the second name?', schema: NAME }),
      ]);
      return `${first.action} and ${second.action}`;
    }),
    task: 'optional',
  } as const,
  {
    ...fixture(
      'test_tool_with_task',
      'Question before a task',
      'Asks for a name and becomes a task then.',
      async ({ elicit, detach }) => {
        const answer = await elicit('user_name', { message: 'What is your name?', schema: NAME });
        await detach();
        return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : 'Hello, whoever you are!';
      },
    ),
    task: 'required',
    taskFrom: 'detach',
  } as const,
];
