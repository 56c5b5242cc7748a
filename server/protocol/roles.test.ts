/**
 * Tools that only callers with a role have.
 */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Caller, defineTool, type Tool, type Toolset } from '../toolsets/toolset.ts';
import { testDispatch, testRequest } from './dispatch.testing.ts';
import { createMethods } from './modern/methods.ts';
import type { ModernRequest } from './modern/request.ts';
import { createResults, textOf } from './modern/results.ts';
import type { Subscriptions } from './modern/subscriptions.ts';
import { compileTable } from './table.ts';

const tool = (name: string, roles?: readonly string[]): Tool<undefined> =>
  defineTool<undefined>()({
    name,
    title: name,
    description: 'For tests.',
    scope: 'use',
    ...(roles && { roles }),
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: z.object({ region: z.string().optional() }),
    run: async () => ({ content: [{ type: 'text', text: `ran ${name}` }] }),
  });
const toolset = (...tools: Tool<undefined>[]): Toolset<undefined, unknown> => ({
  name: 'test',
  config: z.unknown(),
  instructions: '',
  migrations: [],
  tools,
  resources: [],
  open: () => undefined,
});
const caller = (...roles: string[]): Caller => ({ id: 'ann', scopes: new Set(['use']), roles });

const TOOLS = [tool('all'), tool('ops', ['operator']), tool('both', ['operator', 'auditor']), tool('gone', ['nobody'])];
const { dispatch, audited } = testDispatch(toolset(...TOOLS), undefined);
const listed = (by: Caller): string[] =>
  dispatch.listTools(undefined, testRequest({ caller: by })).items.map(({ name }) => name);

describe('which tools there are', () => {
  test.each([
    [caller(), ['all']],
    [caller('operator'), ['all', 'both', 'ops']],
    [caller('auditor'), ['all', 'both']],
    [caller('auditor', 'operator', 'nobody'), ['all', 'both', 'gone', 'ops']],
    [caller('Operator', 'operator ', '__proto__', 'constructor', ''), ['all']],
    [{ id: 'ann', scopes: new Set(['use']) }, ['all']],
    [{ id: 'anonymous' }, ['all', 'both', 'gone', 'ops']],
    [{ id: 'system:serviceaccount:team-a:agent' }, ['all', 'both', 'gone', 'ops']],
  ])('for %j', async (by, names) => {
    expect(listed(by)).toEqual(names);
    const answers = TOOLS.map(({ name }) => dispatch.callTool(name, {}, testRequest({ caller: by })));
    const ran = (await Promise.allSettled(answers)).map(({ status }) => status === 'fulfilled');
    expect(TOOLS.filter((_, at) => ran[at]).map(({ name }) => name)).toEqual(
      TOOLS.map(({ name }) => name).filter((name) => names.includes(name)),
    );
  });

  test('one that the caller does not have is answered as one that there is not, whatever the call is like', async () => {
    for (const given of [{}, { region: 7 }, 'nonsense', undefined]) {
      const answers = await Promise.all(
        ['ops', 'xyz'].map((name) =>
          dispatch
            .callTool(name, given, testRequest({ caller: { ...caller(), scopes: new Set() } }))
            .catch((error: Error & { code: number; data: unknown }) => ({
              code: error.code,
              message: error.message.replace(name, 'NAME'),
              data: error.data,
            })),
        ),
      );
      expect(answers[0]).toEqual(answers[1]);
    }
  });

  test('who asked for a tool that it does not have is written down', async () => {
    audited.splice(0);
    await dispatch.callTool('ops', {}, testRequest({ caller: caller() })).catch(() => undefined);
    expect(audited).toMatchObject([{ operation: { name: 'ops' }, outcome: 'invalid_arguments' }]);
  });
});

describe('pages', () => {
  const page = (by: Caller) => dispatch.listTools(undefined, testRequest({ caller: by }));

  test('are the same object for the same roles, whoever has them, and another for others', () => {
    expect(page(caller('operator'))).toBe(page({ ...caller('operator', 'unknown to the tools'), id: 'bob' }));
    expect(page(caller('operator'))).not.toBe(page(caller()));
  });

  test('of more sets of roles than are kept are right nevertheless', () => {
    const names = Array.from({ length: 10 }, (_, at) => `role${at}`);
    const many = testDispatch(toolset(...names.map((name) => tool(`tool_${name}`, [name]))), undefined).dispatch;
    for (let set = 0; set < 1024; set += 1) {
      const roles = names.filter((_, at) => (set & (1 << at)) !== 0);
      const { items } = many.listTools(undefined, testRequest({ caller: caller(...roles) }));
      expect(items.map(({ name }) => name)).toEqual(roles.map((role) => `tool_${role}`));
    }
  });

  test('are one object for everybody where no tool asks for roles', () => {
    const open = testDispatch(toolset(tool('all')), undefined).dispatch;
    const pages = [caller(), caller('operator'), { id: 'anonymous' }].map((by) =>
      open.listTools(undefined, testRequest({ caller: by })),
    );
    expect(new Set(pages).size).toBe(1);
  });

  test.each([
    ['private', TOOLS],
    ['public', [tool('all')]],
  ])('are %s to caches where they must be', async (scope, tools) => {
    const { dispatch } = testDispatch(toolset(...tools), undefined);
    const results = createResults({ name: 'test', version: '1' });
    const methods = createMethods({ dispatch, results, subscriptions: {} as Subscriptions });
    // Also for a caller that has them all: others may have fewer.
    for (const by of [caller(), caller('operator', 'auditor', 'nobody')]) {
      const text = await methods.get('tools/list')?.answer({}, testRequest({ caller: by }) as ModernRequest);
      expect(JSON.parse(textOf(text ?? ''))).toMatchObject({ cacheScope: scope });
    }
  });
});

test('a table is refused where a tool is for nobody, or there are more roles than can be told apart', () => {
  const table = (...tools: Tool<undefined>[]) => compileTable([{ toolset: toolset(...tools), deps: undefined }]);
  expect(() => table(tool('none', []))).toThrow('[] is nobody');
  const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `role${at}`);
  expect(() => table(tool('many', names(31)))).toThrow('31; 30 are possible');
  const { tools, roleMaskOf } = table(...names(30).map((role) => tool(role, [role])));
  const masks = [...tools.values()].map(({ roleMask }) => roleMask);
  expect(new Set(masks).size).toBe(30);
  expect(names(30).map((role) => roleMaskOf(caller(role)))).toEqual(masks);
});
