/** A user's mistake is refused at once or told in a condition that names the field; correcting it is all it takes. */
import { beforeAll, describe, expect, test } from 'vitest';
import { connectModern } from './clients.ts';
import { conditionOf, type FleetObject } from './fleet.ts';
import { exposedAt, exposedIn, mcpServer, modelBackend, ON_FAKE_NODES, tinyModel } from './manifests.ts';
import { incarnation, operatorPods, podsOf } from './pods.ts';
import { until } from './until.ts';
import { ingressUrl, read, untilCondition, useWorld } from './world.ts';

const world = useWorld('mistakes');
let operators: string;

beforeAll(async () => {
  operators = incarnation(await operatorPods(world));
});

const accepted = { type: 'Accepted', status: 'True' } as const;
const refused = (reason: string) => ({ type: 'Accepted', status: 'False', reason }) as const;
const said = (object: FleetObject, type = 'Accepted') => conditionOf(object, type)?.message;
const exposed = () => exposedIn(world.namespace);
const pretending = (host: string) => ({ ...exposedAt(host), ...ON_FAKE_NODES });

describe('refused at apply, with a sentence that names the field', () => {
  const managed = { engine: 'LlamaCpp', image: 'mcpfleet.local/llama-cpp:dev' };
  const managedBackend = (more: object) =>
    modelBackend('wrong', { type: 'Managed', models: [{ name: 'tiny' }], managed: { ...managed, ...more } });
  const rows: readonly (readonly [string, object, string, string])[] = [
    [
      'two sources of a model',
      managedBackend({ source: { uri: 'hf://a/b', builtin: { path: '/models/tiny.gguf' } } }),
      'spec.managed.source',
      'exactly one of uri, persistentVolumeClaim and builtin',
    ],
    [
      'the blocks of two types of backend',
      modelBackend('wrong', {
        type: 'External',
        models: [{ name: 'tiny' }],
        external: { url: 'https://api.example.com' },
        service: { name: 'engine', port: 8000 },
      }),
      'spec.type',
      'set exactly the block that spec.type names',
    ],
    [
      'replicas beside autoscaling',
      mcpServer('wrong', { replicas: 2, autoscaling: { maxReplicas: 3 } }),
      'spec.replicas',
      'set replicas or autoscaling, not both',
    ],
    [
      'embedded storage for two pods',
      mcpServer('wrong', { replicas: 2 }),
      'spec.storage',
      'use storage.type Postgres for more replicas',
    ],
    [
      'a host without an ingress',
      mcpServer('wrong', { exposure: { host: 'a.example' } }),
      'spec.exposure.host',
      'only',
    ],
    ['an unknown field', mcpServer('wrong', { toolset: 'tasks' }), 'spec.toolset', 'unknown field'],
  ];
  test.each(rows)('%s', async (_, manifest, field, sentence) => {
    const error = await world.kube.apply(manifest).then(
      () => new Error('it was taken'),
      (reason: unknown) => reason as Error,
    );
    // kubectl's own check writes fields with a dot in front, and spells them its own way.
    expect(error.message).toContain(field);
    expect(error.message).toMatch(sentence === 'unknown field' ? /unknown field|not declared/ : sentence);
  });
});

test('a toolset that does not exist, and a setting that it does not take, are named; the server runs once they are right', async () => {
  await world.kube.apply(mcpServer('careless', { toolsets: [{ name: 'tusks' }], ...exposed() }));
  const unknown = await untilCondition(world, 'mcpservers', 'careless', refused('UnsupportedCombination'), 5000);
  expect(said(unknown)).toMatch(/^spec\.toolsets\[tusks\] does not exist; there are .*tasks/);
  expect(conditionOf(unknown, 'Ready')).toMatchObject({ status: 'False', reason: 'UnsupportedCombination' });
  expect(await world.kube.find('deployment', 'careless')).toBeUndefined();

  await world.kube.apply(mcpServer('careless', { toolsets: [{ name: 'tasks', config: { rout: 'x' } }], ...exposed() }));
  const setting = await until('the other mistake', 5000, async () => {
    const now = await read(world, 'mcpservers', 'careless');
    return said(now)?.startsWith('spec.toolsets[tasks].config') ? now : undefined;
  });
  expect(said(setting)).toContain('"rout"');

  await world.kube.apply(mcpServer('careless', exposed()));
  await untilCondition(world, 'mcpservers', 'careless', { type: 'Ready', status: 'True' }, 30_000);
});

test('a mistake in a server that runs leaves it running as it was', async () => {
  const before = incarnation(await podsOf(world, 'careless'));
  const wrong = { toolsets: [{ name: 'tasks', config: { route: 'nowhere' } }], ...exposed() };
  await world.kube.apply(mcpServer('careless', wrong));
  const told = await untilCondition(world, 'mcpservers', 'careless', refused('InvalidReference'), 5000);
  expect(said(told)).toMatch(/^spec\.toolsets\[tasks\]\.config\.route: no route nowhere;/);
  expect(conditionOf(told, 'Degraded')).toMatchObject({ status: 'True', reason: 'PreviousRevisionServing' });

  const client = await connectModern(await ingressUrl(world, 'careless'));
  try {
    expect((await client.callTool('create_task', { title: 'still here' })).isError).toBe(false);
  } finally {
    await client.close();
  }
  await world.kube.apply(mcpServer('careless', exposed()));
  await untilCondition(world, 'mcpservers', 'careless', { type: 'Ready', status: 'True' }, 10_000);
  expect(incarnation(await podsOf(world, 'careless'))).toBe(before);
});

const secret = (name: string, key: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { [key]: 'postgres://nobody@10.0.0.1/none' },
});

test('a Secret for PostgreSQL that is missing, or lacks the key, is named with the field; creating it heals', async () => {
  const postgres = { urlSecretRef: { name: 'db', key: 'url' } };
  await world.kube.apply(mcpServer('waiting', { storage: { type: 'Postgres', postgres }, ...ON_FAKE_NODES }));
  const missing = await untilCondition(world, 'mcpservers', 'waiting', refused('SecretNotFound'), 5000);
  expect(said(missing)).toBe(
    `spec.storage.postgres.urlSecretRef: Secret ${world.namespace}/db does not exist; create it with the key url.`,
  );
  await world.kube.apply(secret('db', 'uri'));
  await until('the key', 5000, async () =>
    said(await read(world, 'mcpservers', 'waiting'))?.includes(`${world.namespace}/db has no key url`),
  );
  await world.kube.apply(secret('db', 'url'));
  await untilCondition(world, 'mcpservers', 'waiting', accepted, 5000);
  await untilCondition(world, 'mcpservers', 'waiting', { type: 'Available', status: 'True' }, 30_000);
});

test("a Secret for a backend's credential that is missing is named with the field; creating it heals", async () => {
  const spec = {
    type: 'External',
    models: [{ name: 'big' }],
    external: { url: 'http://10.200.0.1:9', allowInsecure: true },
    auth: { type: 'Bearer', secretRef: { name: 'token', key: 'token' } },
  };
  await world.kube.apply(modelBackend('hosted', spec));
  const missing = await untilCondition(world, 'modelbackends', 'hosted', refused('SecretNotFound'), 5000);
  expect(said(missing)).toBe(
    `spec.auth.secretRef: Secret ${world.namespace}/token does not exist; create it with the key token.`,
  );
  await world.kube.apply(secret('token', 'token'));
  const healed = await untilCondition(world, 'modelbackends', 'hosted', accepted, 5000);
  // The port is closed, so the next thing that is wrong shows.
  await untilCondition(world, 'modelbackends', 'hosted', { type: 'Reachable', reason: 'ConnectionRefused' }, 10_000);
  expect(healed.metadata.generation).toBe(1);
});

test('the younger of two servers for one host waits, says for whom, and gets the host when it is free', async () => {
  const host = `shared.${world.namespace}.localhost`;
  await world.kube.apply(mcpServer('older', pretending(host)));
  await untilCondition(world, 'mcpservers', 'older', { type: 'Exposed', status: 'True' }, 30_000);
  await until('a second has passed', 5000, async () => {
    const { metadata } = await world.kube.get<{ metadata: { creationTimestamp: string } }>('mcpserver', 'older');
    return Date.now() - Date.parse(metadata.creationTimestamp) > 1500;
  });
  await world.kube.apply(mcpServer('younger', pretending(host)));
  const conflict = { type: 'Exposed', status: 'False', reason: 'HostConflict' } as const;
  const younger = await untilCondition(world, 'mcpservers', 'younger', conflict, 5000);
  expect(said(younger, 'Exposed')).toBe(
    `${host}/mcp collides with McpServer ${world.namespace}/older, which is older; change spec.exposure.host or spec.exposure.path.`,
  );
  expect(await world.kube.find('ingress', 'younger')).toBeUndefined();
  expect(conditionOf(await read(world, 'mcpservers', 'older'), 'Exposed')?.status).toBe('True');

  await world.kube.apply(mcpServer('younger', pretending(`own.${host}`)));
  await untilCondition(world, 'mcpservers', 'younger', { type: 'Exposed', status: 'True' }, 10_000);
  await world.kube.apply(mcpServer('younger', pretending(host)));
  await untilCondition(world, 'mcpservers', 'younger', conflict, 5000);
  await world.kube.delete('mcpserver', 'older');
  await untilCondition(world, 'mcpservers', 'younger', { type: 'Exposed', status: 'True' }, 10_000);
});

/** Objects that somebody else made first. */
const stranger = {
  Deployment: (name: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { app: 'stranger' } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'stranger' } },
      template: {
        metadata: { labels: { app: 'stranger' } },
        spec: { containers: [{ name: 'x', image: 'mcpfleet.local/pause:dev' }] },
      },
    },
  }),
  Service: (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: { app: 'stranger' } },
    spec: { ports: [{ port: 80 }], selector: { app: 'stranger' } },
  }),
} as const;

const wanted = {
  mcpservers: (name: string) => mcpServer(name, ON_FAKE_NODES),
  modelbackends: (name: string) => tinyModel(name, ON_FAKE_NODES),
} as const;

describe.each(['mcpservers', 'modelbackends'] as const)('of %s', (kind) => {
  test.each(['Deployment', 'Service'] as const)(
    'a %s of somebody else is never taken over, and its removal heals',
    async (theirs) => {
      const name = `taken-${theirs.toLowerCase()}-${kind === 'mcpservers' ? 's' : 'b'}`;
      await world.kube.apply(stranger[theirs](name));
      interface Theirs {
        metadata: { uid: string; labels: object; ownerReferences?: unknown; managedFields?: { manager: string }[] };
        spec: object;
      }
      const before = await world.kube.get<Theirs>(theirs, name);
      await world.kube.apply(wanted[kind](name));
      const conflict = await untilCondition(world, kind, name, refused('NameConflict'), 5000);
      expect(said(conflict)).toMatch(new RegExp(`^metadata\\.name: .*${theirs}.*${name}`));
      expect(conditionOf(conflict, 'Ready')).toMatchObject({ status: 'False', reason: 'NameConflict' });
      const after = await world.kube.get<Theirs>(theirs, name);
      expect(after.spec).toEqual(before.spec);
      expect(after.metadata).toMatchObject({ uid: before.metadata.uid, labels: before.metadata.labels });
      expect(after.metadata.ownerReferences).toBeUndefined();
      await world.kube.delete(theirs, name);
      await untilCondition(world, kind, name, accepted, 5000);
      await until('our own', 5000, async () => {
        const ours = await world.kube.find<Theirs>(theirs, name);
        return ours !== undefined && ours.metadata.uid !== before.metadata.uid;
      });
    },
  );
});

test('nothing of this needed the operator to start again', async () => {
  expect(incarnation(await operatorPods(world))).toBe(operators);
});
