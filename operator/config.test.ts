import { expect, test } from 'vitest';
import { ConfigError, describeConfig, readConfig } from './config.ts';

const image = { MCP_FLEET_SERVER_IMAGE: 'example.com/server:1' };

test('an image is all that must be said', () => {
  const config = readConfig(image);
  expect(config.MCP_FLEET_WORKERS).toBe(32);
  expect(config.MCP_FLEET_HEALTH_ADDRESS).toEqual({ host: '0.0.0.0', port: 8081 });
  expect(config.MCP_FLEET_WATCH_NAMESPACES).toEqual([]);
  expect([config.MCP_FLEET_LEASE_DURATION, config.MCP_FLEET_RENEW_DEADLINE, config.MCP_FLEET_RETRY_PERIOD]).toEqual([
    5000, 3500, 500,
  ]);
});

test('an empty variable counts as not set, as charts leave them', () => {
  expect(readConfig({ ...image, MCP_FLEET_WATCH_NAMESPACES: '', HTTP_PROXY: '' }).HTTP_PROXY).toBeUndefined();
});

test.each([
  [{}, 'MCP_FLEET_SERVER_IMAGE'],
  [{ ...image, MCP_FLEET_WORKERS: 'many' }, 'MCP_FLEET_WORKERS'],
  [{ ...image, MCP_FLEET_HEALTH_ADDRESS: '8081' }, 'MCP_FLEET_HEALTH_ADDRESS'],
  [{ ...image, MCP_FLEET_LOG_LEVEL: 'loud' }, 'MCP_FLEET_LOG_LEVEL'],
  [{ ...image, MCP_FLEET_RENEW_DEADLINE: '5s' }, 'MCP_FLEET_RENEW_DEADLINE'],
  [{ ...image, MCP_FLEET_RETRY_PERIOD: '2s' }, 'MCP_FLEET_RETRY_PERIOD'],
])('a wrong setting is refused by the name of its variable', (environment, name) => {
  expect(() => readConfig(environment)).toThrow(ConfigError);
  expect(() => readConfig(environment)).toThrow(name);
});

test('help names every variable and says what it means', () => {
  for (const line of describeConfig().split('\n')) expect(line).toMatch(/^ {2}[A-Z_]+ +\S/);
});
