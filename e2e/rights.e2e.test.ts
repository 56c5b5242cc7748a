/**
 * Least privilege, both ways, judged by the audit log of the whole run: whatever was
 * asked is granted by the roles, and whatever the roles grant was asked. Runs last; first
 * it does itself what uses every right, so that it also holds when it runs alone.
 */
import { beforeAll, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { followAudit, isWrite, type Request } from './audit.ts';
import { kubectl } from './cluster/kubectl.ts';
import { renderedChart, SYSTEM_NAMESPACE } from './fleet.ts';
import { exposedIn, mcpServer, modelBackend, ON_FAKE_NODES, SMALL } from './manifests.ts';
import { until } from './until.ts';
import { examined, fleetPath, OPERATOR, untilCondition, useWorld } from './world.ts';

const world = useWorld('rights', 'auditLog', 'kwok', 'pods');
let requests: readonly Request[];
let rendered: readonly Role[];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}

/** One thing that a rule allows; `resource/subresource` as in rules. */
interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Undefined for rights in all namespaces. */
  readonly namespace: string | undefined;
}

const rightsOf = ({ kind, metadata, rules }: Role): readonly Right[] =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({ group, resource, verb, namespace: kind === 'Role' ? metadata.namespace : undefined })),
      ),
    ),
  );

const inText = ({ group, resource, verb, namespace }: Right): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in ${namespace}`}`;

const resourceOf = ({ resource, subresource }: Request): string =>
  subresource === '' ? resource : `${resource}/${subresource}`;

const concerns = (right: Right, request: Request): boolean =>
  right.group === request.group &&
  right.resource === resourceOf(request) &&
  (right.namespace === undefined || right.namespace === request.namespace);

/** Whether the request shows that the right is needed. */
function uses(right: Right, request: Request): boolean {
  if (!concerns(right, request)) return false;
  if (right.verb === request.verb) return true;
  // A watch begins with all objects; a list is what it falls back to, and both show more than a get.
  if (request.verb === 'watch' || request.verb === 'list') return right.verb === 'get' || right.verb === 'list';
  // Server-side apply of an object that is not there yet needs both rights.
  return right.verb === 'create' && request.verb === 'patch' && request.code === 201;
}

/** Who made it, and what: for messages. */
const told = ({ user, verb, namespace, code, ...request }: Request): string =>
  `${user}: ${verb} ${resourceOf({ ...request, user, verb, namespace, code })} ${request.name} in ${namespace}: ${code}`;

beforeAll(async () => {
  if (!world.possible) return;
  await useEverything();
  using audit = followAudit(inject('cluster').auditLog ?? '', 'beginning');
  requests = audit.read();
  rendered = parseAllDocuments(await renderedChart(world.cluster))
    .map((document) => document.toJS() as Role)
    .filter(({ kind, metadata }) => ['Role', 'ClusterRole'].includes(kind) && metadata.name.startsWith('mcp-fleet'));
});

/** Makes the operator create, change and delete whatever it ever does. */
async function useEverything(): Promise<void> {
  await world.kube.run(['create', 'secret', 'generic', 'db', '--from-literal=url=postgres://nobody@10.200.0.1:9/none']);
  const postgres = { urlSecretRef: { name: 'db', key: 'url' } };
  const most = {
    ...ON_FAKE_NODES,
    backends: { selector: { matchLabels: { tier: 'any' } } },
    ...exposedIn(world.namespace),
    storage: { type: 'Postgres', postgres },
    autoscaling: { maxReplicas: 2 },
  };
  const engine = {
    engine: 'VLLM',
    image: 'mcpfleet.local/vllm:fake',
    source: { uri: 'hf://acme/large' },
    cache: { size: '1Gi', accessMode: 'ReadWriteMany' },
    resources: SMALL,
    ...ON_FAKE_NODES,
  };
  await world.kube.apply([
    mcpServer('changing', most),
    mcpServer('kept', { ...ON_FAKE_NODES, storage: { type: 'Embedded' } }),
    mcpServer('reader', { backends: { selector: { matchLabels: { tier: 'any' } } } }),
    modelBackend('engine', {
      type: 'Managed',
      models: [{ name: 'large' }],
      managed: { ...engine, autoscaling: { maxReplicas: 2 } },
    }),
  ]);
  await until('an autoscaler', 20_000, () => world.kube.find('hpa', 'changing'));
  await until('another', 20_000, () => world.kube.find('hpa', 'engine'));
  await world.kube.apply([
    mcpServer('changing', ON_FAKE_NODES),
    modelBackend('engine', { type: 'Managed', models: [{ name: 'large' }], managed: engine }),
  ]);
  await until('what came with them is gone', 20_000, async () => {
    const left = await world.kube.list('hpa,pdb,ingress,role,rolebinding', 'app.kubernetes.io/instance=changing');
    return left.length === 0;
  });
  // The same event twice is a series.
  for (const suspended of [true, false, true]) {
    await world.api.patch(fleetPath(world.namespace, 'mcpservers', 'changing'), { spec: { suspended } });
    const expected = suspended ? { status: 'False', reason: 'Suspended' } : { status: 'True' };
    await untilCondition(world, 'mcpservers', 'changing', { type: 'Available', ...expected }, 60_000);
  }
  await untilCondition(world, 'mcpservers', 'reader', { type: 'Ready', status: 'True' }, 60_000);
  await examined(world, 'reader', 'once');
}

test('the operator asks for nothing that its roles do not grant, and is refused nothing', () => {
  const rights = rendered.flatMap(rightsOf);
  const asked = requests.filter(({ user, resource }) => user === OPERATOR && resource !== '');
  expect(asked.length).toBeGreaterThan(0);
  const granted = (request: Request) => rights.some((right) => right.verb === request.verb && concerns(right, request));
  expect(asked.filter((request) => !granted(request)).map(told)).toEqual([]);
  expect(asked.filter(({ allowed }) => !allowed).map(told)).toEqual([]);
});

test('the roles of the operator grant nothing that it does not use', () => {
  const asked = requests.filter(({ user }) => user === OPERATOR);
  const unused = rendered.flatMap(rightsOf).filter((right) => !asked.some((request) => uses(right, request)));
  expect(unused.map(inText)).toEqual([]);
});

test('no role of the chart has a wildcard', () => {
  const words = rendered.flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]),
  );
  expect(words.length).toBeGreaterThan(0);
  expect(words).not.toContain('*');
});

/** Whether somebody – a test of repairs, the collector of garbage – had taken a role or binding away before. */
const hadLostItsRole = ({ namespace, receivedAt }: Request): boolean =>
  requests.some(
    (request) =>
      isWrite(request) &&
      request.user !== OPERATOR &&
      ['roles', 'rolebindings'].includes(request.resource) &&
      request.namespace === namespace &&
      request.receivedAt <= receivedAt,
  );

test('the pods of servers ask for what their role grants, and use all of it', async () => {
  const rights = rightsOf(await world.kube.get<Role>('role', 'reader'));
  expect(rights.map(({ resource }) => resource)).toEqual(rights.map(() => 'modelbackends'));
  // Every ServiceAccount that the operator ever made.
  const accounts = new Set(
    requests
      .filter(({ user, resource, code }) => user === OPERATOR && resource === 'serviceaccounts' && code === 201)
      .map(({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`),
  );
  const asked = requests.filter(({ user, resource }) => accounts.has(user) && resource !== '');
  const anywhere = rights.map((right) => ({ ...right, namespace: undefined }));
  const granted = (request: Request) =>
    anywhere.some((right) => right.verb === request.verb && concerns(right, request)) &&
    request.user.startsWith(`system:serviceaccount:${request.namespace}:`);
  expect(asked.filter((request) => !granted(request)).map(told)).toEqual([]);
  const refused = asked.filter((request) => !request.allowed && !hadLostItsRole(request));
  expect(refused.map(told)).toEqual([]);
  expect(anywhere.filter((right) => !asked.some((request) => uses(right, request))).map(inText)).toEqual([]);
});

test('the namespaces of the operator and of its servers enforce the restricted Pod Security Standard', async () => {
  interface Pods {
    metadata: { namespace: string };
  }
  const kube = kubectl(world.cluster);
  const listed = JSON.parse(
    await kube.run([
      'get',
      'pods',
      '--all-namespaces',
      '--output=json',
      '--selector=app.kubernetes.io/name in (mcp-fleet,mcp-server,model-backend)',
    ]),
  ) as { items: readonly Pods[] };
  const namespaces = new Set(listed.items.map(({ metadata }) => metadata.namespace));
  expect([...namespaces]).toEqual(expect.arrayContaining([SYSTEM_NAMESPACE, world.namespace]));
  for (const name of namespaces) {
    const { metadata } = await kube.get<{ metadata: { labels: Record<string, string> } }>('namespace', name);
    expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  }
});
