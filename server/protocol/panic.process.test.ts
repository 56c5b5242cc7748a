/**
 * A process of its own, because what is tested is that it does not end: tools that throw where nobody can catch it,
 * while their call runs and after it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = `
import { endOnCrash } from '../local/exit.ts';
import { testDispatch, testRequest } from './dispatch.testing.ts';
import { echoToolset } from './echo.testing.ts';
const said = [];
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, () => said.push(event));
endOnCrash(process, { error: ({ error }, message) => console.log(message + ': ' + error.message) });
const panics = {
  timer: () => new Promise(() => setTimeout(() => { throw new Error('hunter2'); }, 1)),
  floating: () => { void Promise.reject(new Error('hunter2')); return new Promise(() => undefined); },
  late: async () => { setTimeout(() => { throw new Error('hunter2'); }, 5); return { text: 'fine', tag: '' }; },
  question: async (call) => { void call.elicit('a', { message: 'A', schema: (await import('zod')).z.object({}) }).then(() => 1); await call.roots('b'); },
};
for (const [name, panic] of Object.entries(panics)) {
  const toolset = echoToolset();
  const tools = toolset.tools.map((tool) => ({ ...tool, run: (_input, call) => panic(call) }));
  const { dispatch, lines } = testDispatch({ ...toolset, tools, needs: { asks: true } }, { written: [] });
  const answer = await dispatch.callTool('echo', { text: 'x' }, testRequest());
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(JSON.stringify({ name, answer, logged: JSON.stringify(lines).includes('hunter2'), said: said.splice(0) }));
}
void Promise.reject(new Error('not of a tool'));
`;

test('a tool that throws where nobody catches it costs its own call; anything else ends the process', async () => {
  const args = ['--input-type=module-typescript', '--eval', program];
  const ended = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname }).catch(
    (error: unknown) => error,
  );
  const { stdout, code } = ended as { stdout: string; code?: number };
  const lines = stdout.trim().split('\n');
  expect(lines.at(-1)).toBe('crashed by a programming error: not of a tool');
  expect(code).toBe(1);
  const [timer, floating, late, question] = lines
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const failed = { isError: true, content: [{ text: expect.stringMatching(/^internal error, id /) as string }] };
  expect(timer).toMatchObject({ name: 'timer', answer: failed, logged: true, said: ['uncaughtException'] });
  expect(floating).toMatchObject({ name: 'floating', answer: failed, logged: true, said: ['unhandledRejection'] });
  expect(late).toMatchObject({ name: 'late', answer: { structuredContent: { text: 'fine' } }, logged: true });
  expect(question).toMatchObject({ name: 'question', answer: { inputRequired: {} }, said: ['unhandledRejection'] });
});
