/**
 * Every tool of every toolset there is, called by every kind of caller, in both eras, through a whole server that asks
 * for tokens. One server gives the tools to everybody, one to operators only, and one to whom they say themselves.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './app.testing.ts';
import { type SigningKey, sign, signingKey, startIssuer, type TestIssuer } from './auth/issuer.testing.ts';
import { post } from './protocol/clients.testing.ts';
import { echoToolset } from './protocol/echo.testing.ts';
import { answerOf, call, request, send } from './protocol/legacy/raw.testing.ts';
import { type ToolsetLoader, toolsets } from './toolsets/registry.ts';

const AUDIENCE = 'https://mcp.example.com/mcp';
const ROLE = 'operator';
/** Those of the product, and a tool that says whose it is, so that there is one. */
const loaders: Readonly<Record<string, ToolsetLoader>> = {
  ...toolsets,
  editorial: async () => {
    const tools = echoToolset().tools.map((tool) => ({
      ...tool,
      name: `edit_${tool.name}`,
      roles: ['editor', 'chief'],
    }));
    return { ...echoToolset(), name: 'editorial', tools: tools.slice(0, 1), resources: [] };
  },
};
const loaded = await Promise.all(Object.values(loaders).map((load) => load()));
const everyTool = loaded.flatMap((toolset) => toolset.tools);
const scopes = [...new Set(everyTool.map(({ scope }) => scope))];

let issuer: TestIssuer;
let key: SigningKey;
const servers: Partial<Record<'open' | 'restricted' | 'asWritten', TestApp>> = {};

/** The same tools for those with these roles; for everybody without any. */
const withRoles = (roles?: readonly string[]): Readonly<Record<string, ToolsetLoader>> =>
  Object.fromEntries(
    Object.entries(loaders).map(([name, load]) => [
      name,
      async () => {
        const toolset = await load();
        const tools = toolset.tools.map(({ roles: _own, ...tool }) => ({ ...tool, ...(roles && { roles }) }));
        return { ...toolset, tools };
      },
    ]),
  );

beforeAll(async () => {
  issuer = await startIssuer();
  key = await signingKey('ec');
  issuer.keys = [key.jwk];
  const config = {
    toolsets: Object.keys(loaders).map((name) => ({ name })),
    auth: { type: 'JWT' as const, issuer: issuer.url, audiences: [AUDIENCE] },
    mcp: { publicUrl: AUDIENCE, allowedHosts: ['127.0.0.1'] },
  };
  servers.open = await startTestApp(config, withRoles());
  servers.restricted = await startTestApp(config, withRoles(['owner', ROLE]));
  servers.asWritten = await startTestApp(config, loaders);
});
afterAll(async () => {
  for (const app of Object.values(servers)) await app.close();
  await issuer.close();
});

const token = (scope: string, roles: unknown): Promise<string> =>
  sign(key, { iss: issuer.url, aud: AUDIENCE, sub: 'alice', exp: Math.floor(Date.now() / 1000) + 300, scope, roles });

interface Ending {
  readonly status: number;
  readonly code: unknown;
  readonly message: unknown;
  readonly challenge: string;
}

type Era = 'modern' | 'legacy';

async function callIn(era: Era, app: TestApp | undefined, name: string, bearer: string | undefined): Promise<Ending> {
  const url = app?.url ?? '';
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const response =
    era === 'modern'
      ? await post(url, 'tools/call', { name, arguments: {} }, headers)
      : await send(url, call(1, name), { headers: { 'mcp-protocol-version': '2025-11-25', ...headers } });
  const challenge = response.headers.get('www-authenticate') ?? '';
  const { status, messages } = await answerOf(response);
  const { error } = (messages.at(-1) ?? {}) as { error?: { code: unknown; message: unknown } };
  return { status, code: error?.code, message: error?.message, challenge };
}

async function listIn(era: Era, app: TestApp | undefined, bearer: string): Promise<string[]> {
  const url = app?.url ?? '';
  const headers = { authorization: `Bearer ${bearer}` };
  const response =
    era === 'modern'
      ? await post(url, 'tools/list', {}, headers)
      : await send(url, request(1, 'tools/list'), { headers: { 'mcp-protocol-version': '2025-11-25', ...headers } });
  const [message] = (await answerOf(response)).messages as [{ result: { tools: { name: string }[] } }];
  return message.result.tools.map(({ name }) => name);
}

/** What a call came to, as far as rights go. */
function rights({ status, code, message, challenge }: Ending, name: string, scope: string): string {
  if (status === 401) return 'no caller';
  if (status === 403) return challenge.includes(`scope="${scope}"`) ? 'lacks the scope' : 'lacks another scope';
  if (code === -32_602 && message === `There is no tool "${name}". tools/list names those that there are.`)
    return 'no such tool';
  return 'let through';
}

const others = (scope: string): string => scopes.filter((known) => known !== scope).join(' ');

describe.each(['modern', 'legacy'] as const)('in the %s era', (era) => {
  describe.each(everyTool.map((tool) => [tool.name, tool.scope] as const))('%s, which needs %s', (name, scope) => {
    test.each([
      ['nobody', undefined, undefined, 'no caller', 'no caller'],
      ['without a scope', '', [], 'lacks the scope', 'no such tool'],
      ['with every other scope', others(scope), [], 'lacks the scope', 'no such tool'],
      ['with its scope', scope, [], 'let through', 'no such tool'],
      ['with its scope and a wrong role', scope, ['user', 'operators', 'OPERATOR'], 'let through', 'no such tool'],
      ['with its scope and a role that is no list', scope, { [ROLE]: true }, 'let through', 'no such tool'],
      ['with the role and without a scope', '', [ROLE], 'lacks the scope', 'lacks the scope'],
      ['with the role and every other scope', others(scope), [ROLE], 'lacks the scope', 'lacks the scope'],
      ['with its scope and the role', scope, ['user', ROLE], 'let through', 'let through'],
    ])('called %s', async (_by, given, roles, open, restricted) => {
      const bearer = given === undefined ? undefined : await token(given, roles);
      const endings = {
        open: rights(await callIn(era, servers.open, name, bearer), name, scope),
        restricted: rights(await callIn(era, servers.restricted, name, bearer), name, scope),
      };
      expect(endings).toEqual({ open, restricted });
    });
  });

  test.each(everyTool.map((tool) => [tool.name, tool.roles, tool.scope] as const))(
    '%s is there for those with the roles %j that it names, and for nobody else',
    async (name, roles, scope) => {
      const given: readonly (readonly string[])[] = [[], ['stranger'], ...(roles ?? []).map((role) => [role])];
      const endings: string[] = [];
      for (const one of given)
        endings.push(rights(await callIn(era, servers.asWritten, name, await token(scope, one)), name, scope));
      const stranger = roles ? 'no such tool' : 'let through';
      expect(endings).toEqual([stranger, stranger, ...(roles ?? []).map(() => 'let through')]);
    },
  );

  test('lists show every tool to everybody, and those of a role to whoever has it', async () => {
    const [nobody, operator] = [await token('', []), await token('', [ROLE])];
    const names = everyTool.map(({ name }) => name).toSorted();
    expect(await listIn(era, servers.open, nobody)).toEqual(names);
    expect(await listIn(era, servers.restricted, operator)).toEqual(names);
    expect(await listIn(era, servers.restricted, nobody)).toEqual([]);
    expect(await listIn(era, servers.restricted, operator)).toEqual(names);
    const shared = everyTool.filter(({ roles }) => roles === undefined).map((tool) => tool.name);
    expect(shared.length).toBeLessThan(names.length);
    expect(await listIn(era, servers.asWritten, nobody)).toEqual(shared.toSorted());
    const everyRole = await token('', [...new Set(everyTool.flatMap(({ roles }) => roles ?? []))]);
    expect(await listIn(era, servers.asWritten, everyRole)).toEqual(names);
  });
});

test('the headers that a tool wants do not tell that it is there', async () => {
  const [name, argument] = ['test_x_mcp_header', 'region'];
  const [nobody, operator] = [await token('', []), await token('', [ROLE])];
  const callWithout = async (bearer: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${bearer}` };
    const given = { name, arguments: { [argument]: 'x' } };
    const response = await post(servers.restricted?.url ?? '', 'tools/call', given, headers);
    return ((await response.json()) as { error: { code: unknown } }).error.code;
  };
  expect([await callWithout(operator), await callWithout(nobody)]).toEqual([-32_020, -32_602]);
});
