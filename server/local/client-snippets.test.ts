import { describe, expect, test } from 'vitest';
import { CLIENTS, snippet, type Target } from './client-snippets.ts';

const stdio: Target = {
  type: 'stdio',
  command: '/usr/bin/node',
  args: ['/x/stdio.ts', '-f', "/my files/it's.yaml"],
  env: {},
};
const http: Target = { type: 'http', url: 'https://mcp.example.com/mcp' };

describe.each(CLIENTS)('%s', (client) => {
  test.each([
    ['stdio', stdio],
    ['http', http],
  ] as const)('over %s', async (type, target) => {
    const { title, files, text } = snippet(client, 'assistant', target);
    await expect([title, ...files, text, ''].join('\n')).toMatchFileSnapshot(`./golden/${client}-${type}.txt`);
  });
});

test('Claude Desktop is told its file on each system', () => {
  const { files } = snippet('claude-desktop', 'x', stdio);
  expect(files.map((line) => line.split(':')[0])).toEqual(['macOS', 'Windows', 'Linux']);
});

test('JSON parts are JSON, and a shell command survives quotes', () => {
  for (const client of ['claude-desktop', 'cursor', 'vscode'] as const)
    expect(() => JSON.parse(snippet(client, 'x', stdio).text) as unknown).not.toThrow();
  expect(snippet('claude-code', 'x', stdio).text).toContain(String.raw`it'\''s.yaml`);
});
