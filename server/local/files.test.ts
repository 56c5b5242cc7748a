import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readResources } from './files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-test-'));
});

const SERVER = `apiVersion: mcpfleet.dev/v1alpha1
kind: McpServer
metadata: {name: one}
spec:
  toolsets: [{name: tasks}]
`;
const BACKEND = `apiVersion: mcpfleet.dev/v1alpha1
kind: ModelBackend
metadata: {name: hosted}
spec:
  type: External
  models: [{name: m}]
  external: {url: "https://api.example.com"}
`;

const write = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};

test('a folder gives the objects of its YAML files in order, with defaults, and leaves other kinds alone', async () => {
  await write('20.yaml', `${SERVER}---\n${SERVER.replace('one', 'two')}`);
  await write('10.yml', BACKEND);
  await write('30.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\n');
  await write('notes.txt', 'not: yaml: at: all');
  const { servers, backends } = await readResources([folder]);
  expect(servers.map(({ metadata }) => metadata.name)).toEqual(['one', 'two']);
  expect(servers[0]?.spec.exposure.path).toBe('/mcp');
  expect(backends.map(({ metadata }) => metadata.name)).toEqual(['hosted']);
});

describe('a mistake is said with its file and field', () => {
  test.each([
    ['a value that does not fit', SERVER.replace('tasks', 'Tasks!'), 'spec.toolsets.0.name: '],
    [
      'a rule',
      `${SERVER}  replicas: 1\n  autoscaling: {maxReplicas: 2}\n  storage: {type: Postgres, postgres: {urlSecretRef: {name: a, key: b}}}\n`,
      'set replicas or autoscaling, not both',
    ],
    [
      'a path that another part of the server has',
      `${SERVER}  exposure: {path: /token}\n  auth: {type: BuiltIn, builtIn: {signingKeySecretRef: {name: s, key: k}, bootstrapAdminSecretRef: {name: s, key: a}}}\n`,
      'spec.exposure.path: when auth.type is BuiltIn, exposure.path must not be one at which the issuer answers',
    ],
    ['a field that does not exist', `${SERVER}  replcas: 1\n`, 'spec.replcas: there is no such field'],
    [
      'a field within a list',
      SERVER.replace('name: tasks', 'name: tasks, cfg: {}'),
      'spec.toolsets.0.cfg: there is no such field',
    ],
    [
      'another kind of ours',
      SERVER.replace('McpServer', 'McpSrv'),
      'kind: McpSrv is not one of McpServer and ModelBackend',
    ],
    ['no YAML', 'a: [', 'not valid YAML'],
  ])('%s', async (_name, text, message) => {
    const file = await write('bad.yaml', text);
    await expect(readResources([file])).rejects.toThrow(`${file}: `);
    await expect(readResources([file])).rejects.toThrow(message);
  });

  test('a second document is named by its number', async () => {
    const file = await write('bad.yaml', `${SERVER}---\n${SERVER}  replcas: 1\n`);
    await expect(readResources([file])).rejects.toThrow(`${file}, document 2: spec.replcas`);
  });

  test('a path that is not there, and a folder without files', async () => {
    await expect(readResources([join(folder, 'nope')])).rejects.toThrow('there is no such file or folder');
    await expect(readResources([folder])).rejects.toThrow('the folder has no .yaml, .yml or .json file');
  });
});
