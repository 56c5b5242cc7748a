import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config-error.ts';
import { MODERN, post } from '../protocol/clients.testing.ts';
import { type Child, environment, run } from './child.testing.ts';
import { exitOf } from './exit.ts';

interface Program {
  readonly child: Child;
  /** The text of the answer. */
  readonly call: (name: string) => Promise<string>;
}

const variables = (): Record<string, string> => ({
  ...environment(),
  NODE_OPTIONS: `--import=${import.meta.resolve('./panicking.testing.ts')}`,
});

const programs = {
  async main(): Promise<Program> {
    const child = run('main', ['-f', 'manifests/samples', '--name', 'assistant', '--port', '0'], variables());
    await expect.poll(() => child.stderr(), { timeout: 20_000 }).toContain('health:');
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+\/mcp/.exec(child.stderr()) ?? [];
    return { child, call: async (name) => (await post(url, 'tools/call', { name, arguments: {} })).text() };
  },
  async stdio(): Promise<Program> {
    const child = run('stdio', [], variables());
    let id = 0;
    return {
      child,
      call: async (name) => {
        id += 1;
        const _meta = {
          'io.modelcontextprotocol/protocolVersion': MODERN,
          'io.modelcontextprotocol/clientCapabilities': {},
        };
        const params = { name, arguments: {}, _meta };
        child.process.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`);
        const answer = (): string | undefined => child.stdout().split('\n').slice(0, -1)[id - 1];
        await expect.poll(answer, { timeout: 20_000 }).toBeDefined();
        return answer() ?? '';
      },
    };
  },
};

describe.each(Object.entries(programs))('%s', (_, start) => {
  test('outlives a tool that throws where nobody catches it, and nothing else', { timeout: 60_000 }, async () => {
    const { child, call } = await start();
    expect(await call('list_tasks')).toMatch(/"isError":true/);
    expect(await call('analyze_workload')).not.toContain('"isError":true');
    const log = (): string => child.stdout() + child.stderr();
    expect(log()).toContain('hunter2');
    expect(log()).not.toContain('crashed');
    child.process.kill('SIGUSR2');
    expect(await child.ended).toBe(1);
    expect(log()).toContain('crashed by a programming error');
  });
});

test('a mistake is told first, and decides the code, where what was opened could not be closed either', () => {
  const mistake = new ConfigError('toolsets.0.name: no toolset nope');
  const error = new SuppressedError(new Error('the store does not close'), mistake);
  const { code, text } = exitOf(error);
  expect(code).toBe(2);
  expect(text).toMatch(/^toolsets\.0\.name: no toolset nope\nError: the store does not close\n/);
});
