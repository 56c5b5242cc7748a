/**
 * A running server for tests: real HTTP on loopback, a store in memory, the echo toolset, no models.
 */
import { type App, type AppOptions, startApp } from './app.ts';
import { type ServerConfigInput, serverConfig } from './config.ts';
import { echoToolset } from './protocol/echo.testing.ts';
import { createLog } from './telemetry/log.ts';
import type { ToolsetLoader } from './toolsets/registry.ts';

export interface TestApp extends App {
  /** What reached the echo tool. */
  readonly written: string[];
  /** Log lines, parsed. */
  readonly lines: Record<string, unknown>[];
}

/** `toolsets` that exist beside those of the tests; `replaced` takes the place of other parts. */
export async function startTestApp(
  overrides: Partial<ServerConfigInput> = {},
  toolsets: Readonly<Record<string, ToolsetLoader>> = {},
  replaced: Partial<Pick<AppOptions, 'audit'>> = {},
): Promise<TestApp> {
  const written: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const config = serverConfig.parse({
    name: 'test',
    toolsets: [{ name: 'echo' }],
    storage: { type: 'Embedded', path: ':memory:' },
    drainMs: 0,
    ...overrides,
    mcp: { host: '127.0.0.1', port: 0, ...overrides.mcp },
    health: { host: '127.0.0.1', port: 0 },
  });
  const write = (text: string): void => {
    for (const line of text.trim().split('\n')) lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  const app = await startApp(config, {
    log: createLog({ level: 'debug', destination: { write } }),
    audit: { write },
    version: '1.2.3',
    strictOutput: true,
    processMetrics: false,
    toolsets: {
      echo: async () => echoToolset(written),
      /** The same, with changes that one can subscribe to. */
      news: async () => ({ ...echoToolset(written), name: 'news', needs: { publishes: ['tools'] } }),
      ...toolsets,
    },
    ...replaced,
  });
  return { ...app, written, lines };
}
