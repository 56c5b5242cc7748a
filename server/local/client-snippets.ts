/**
 * How MCP clients are told about a server: for each client its file and the text that belongs there. Pure; whoever
 * prints it knows where the program is.
 */
export const CLIENTS = ['claude-desktop', 'claude-code', 'cursor', 'vscode'] as const;
export type ClientName = (typeof CLIENTS)[number];

export type Target =
  | { readonly type: 'http'; readonly url: string }
  | {
      readonly type: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    };

export interface Snippet {
  readonly title: string;
  /** Where it belongs, one line each. */
  readonly files: readonly string[];
  readonly text: string;
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);

export function snippet(client: ClientName, name: string, target: Target): Snippet {
  switch (client) {
    case 'claude-desktop':
      return {
        title: 'Claude Desktop',
        files: [
          'macOS:   ~/Library/Application Support/Claude/claude_desktop_config.json',
          String.raw`Windows: %APPDATA%\Claude\claude_desktop_config.json`,
          'Linux:   ~/.config/Claude/claude_desktop_config.json',
        ],
        // The file takes programs only; a URL is added in the settings, or bridged by a program.
        text: json({ mcpServers: { [name]: target.type === 'stdio' ? launched(target) : bridged(target.url) } }),
      };
    case 'claude-code':
      return {
        title: 'Claude Code',
        files: ['Run this command, or put the JSON into .mcp.json of a project:'],
        text: `claude mcp add-json ${shellWord(name)} ${shellWord(JSON.stringify({ type: target.type, ...entry(target) }))}\n\n${json(
          {
            mcpServers: { [name]: { type: target.type, ...entry(target) } },
          },
        )}`,
      };
    case 'cursor':
      return {
        title: 'Cursor',
        files: ['For all projects: ~/.cursor/mcp.json', 'For one project:  .cursor/mcp.json'],
        text: json({ mcpServers: { [name]: entry(target) } }),
      };
    case 'vscode':
      return {
        title: 'VS Code',
        files: ['For one project: .vscode/mcp.json', 'For all: command "MCP: Open User Configuration"'],
        text: json({ servers: { [name]: { type: target.type, ...entry(target) } } }),
      };
    default:
      throw client satisfies never;
  }
}

const entry = (target: Target) => (target.type === 'stdio' ? launched(target) : { url: target.url });

function launched({ command, args, env }: Extract<Target, { type: 'stdio' }>) {
  return { command, args, ...(Object.keys(env).length === 0 ? {} : { env }) };
}

const bridged = (url: string) => ({
  command: 'npx',
  args: ['-y', 'mcp-remote', url, ...(url.startsWith('http://') ? ['--allow-http'] : [])],
});

/** Quoted for a POSIX shell. */
const shellWord = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
