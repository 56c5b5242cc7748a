import { expect, test } from 'vitest';
import { usedBackends } from '../backends.ts';
import type { ResolvedReference } from '../references.ts';
import { cachedMcpServer, cachedModelBackend } from '../testing/fixtures.ts';
import { backendProblems } from './backends.ts';
import { podTemplateProblems } from './podtemplate.ts';
import { referenceProblems } from './references.ts';
import { toolsetProblems } from './toolsets.ts';

type Spec = Parameters<typeof cachedMcpServer>[0];

const route = { name: 'chat', targets: [{ backend: 'llama', model: 'llama' }] };

test.each<[string, Spec, string | undefined]>([
  ['known', {}, undefined],
  [
    'unknown',
    { toolsets: [{ name: 'taks' }] },
    'UnsupportedCombination: spec.toolsets[taks] does not exist; there are tasks, everything, fleet.',
  ],
  [
    'an unknown setting',
    { toolsets: [{ name: 'tasks', config: { rout: 'x' } }] },
    'UnsupportedCombination: spec.toolsets[tasks].config: Unrecognized key: "rout".',
  ],
  [
    'a wrong setting',
    { toolsets: [{ name: 'tasks', config: { modelDeadline: 'soon' } }] },
    'UnsupportedCombination: spec.toolsets[tasks].config.modelDeadline: Invalid string: must match pattern',
  ],
  [
    'a route that does not exist',
    { toolsets: [{ name: 'tasks', config: { route: 'chat' } }] },
    'InvalidReference: spec.toolsets[tasks].config.route: no route chat; add it to spec.inference.routes.',
  ],
  [
    'a route that exists',
    {
      toolsets: [{ name: 'tasks', config: { route: 'chat' } }],
      backends: { names: ['llama'] },
      inference: { routes: [route] },
    },
    undefined,
  ],
])('toolset: %s', (_title, spec, expected) => {
  const [found] = toolsetProblems(cachedMcpServer(spec).spec);
  const said = found === undefined ? 'nothing' : `${found.reason}: ${found.message}`;
  expect(said).toContain(expected ?? 'nothing');
});

const resolved = (more: Partial<ResolvedReference>): ResolvedReference => ({
  kind: 'Secret',
  name: 'db',
  key: 'url',
  field: 'spec.storage.postgres.urlSecretRef',
  state: 'Missing',
  version: '',
  ...more,
});

test.each<[string, ResolvedReference, string | undefined]>([
  ['found', resolved({ state: 'Found' }), undefined],
  [
    'a missing Secret',
    resolved({}),
    'SecretNotFound: spec.storage.postgres.urlSecretRef: Secret team-a/db does not exist; create it with the key url.',
  ],
  [
    'a Secret without the key',
    resolved({ state: 'KeyMissing' }),
    'SecretNotFound: spec.storage.postgres.urlSecretRef: Secret team-a/db has no key url; add it or name another.',
  ],
  [
    'a missing ConfigMap',
    {
      kind: 'ConfigMap',
      name: 'more',
      field: 'spec.podTemplate.envFrom[0].configMapRef',
      state: 'Missing',
      version: '',
    },
    'InvalidReference: spec.podTemplate.envFrom[0].configMapRef: ConfigMap team-a/more does not exist; create it.',
  ],
])('reference: %s', (_title, reference, expected) => {
  const [found] = referenceProblems(cachedMcpServer(), [reference]);
  expect(found && `${found.reason}: ${found.message}`).toBe(expected);
});

test('a missing Secret does not keep a server from being suspended', () => {
  expect(referenceProblems(cachedMcpServer({ suspended: true }), [resolved({})])).toMatchObject([{ blocking: false }]);
  expect(referenceProblems(cachedMcpServer(), [resolved({})])).toMatchObject([{ blocking: true }]);
});

test.each<[string, Spec, readonly string[]]>([
  ['all there', { backends: { names: ['llama'] }, inference: { routes: [route] } }, []],
  [
    'a name that does not exist',
    { backends: { names: ['other'] } },
    ['spec.backends.names: ModelBackend team-a/other does not exist; create it.'],
  ],
  [
    'a route to a backend that is not named',
    { backends: { names: [] }, inference: { routes: [route] } },
    [
      'spec.inference.routes[chat].targets: the server may not use the ModelBackend llama; add it to spec.backends.names.',
    ],
  ],
  [
    'routes without backends',
    { inference: { routes: [route] } },
    ['spec.inference.routes[chat].targets: the server may not use the ModelBackend llama; set spec.backends.'],
  ],
  [
    'a selector may match later',
    { backends: { selector: { matchLabels: { a: 'b' } } }, inference: { routes: [route] } },
    [],
  ],
])('backends: %s', (_title, spec, expected) => {
  const server = cachedMcpServer(spec);
  const found = backendProblems(server, usedBackends(server.spec, [cachedModelBackend('llama')]));
  expect(found.map(({ message }) => message)).toEqual(expected);
  expect(found.every(({ blocking }) => !blocking)).toBe(true);
});

test('what the operator sets itself cannot be set by a pod template', () => {
  const podTemplate = {
    labels: { 'app.kubernetes.io/name': 'x', team: 'a' },
    annotations: { 'mcpfleet.dev/config-hash': 'x' },
    env: [{ name: 'POD_IP', value: 'x' }, { name: 'MINE' }],
  };
  const found = podTemplateProblems(cachedMcpServer({ podTemplate }).spec);
  expect(found.map(({ message }) => message)).toEqual([
    'spec.podTemplate.labels[app.kubernetes.io/name] is set by the operator; remove it.',
    'spec.podTemplate.annotations[mcpfleet.dev/config-hash] is set by the operator; remove it.',
    'spec.podTemplate.env[POD_IP] is set by the operator; remove it.',
  ]);
});
