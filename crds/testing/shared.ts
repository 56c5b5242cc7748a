/**
 * Rows of the rules that stand at several places: names, scaling, keys of maps,
 * durations, variables.
 */
import { backend, exposed, type Fields, managed, POSTGRES, type Row, server, TOKEN } from './objects.ts';

/** Rows of one rule, which is found by the schema that carries it (`at`) and by its message. */
export interface RuleRows {
  readonly at: string;
  readonly message: string;
  readonly accept: readonly Row[];
  readonly reject: readonly Row[];
}

/** Rows for one rule that stands at several places; `place` puts a value there. */
function everywhere(
  message: string,
  places: Readonly<Record<string, (value: unknown) => Row>>,
  good: readonly unknown[],
  bad: readonly unknown[],
): readonly RuleRows[] {
  return Object.entries(places).map(([at, place]) => ({
    at,
    message,
    accept: good.map(place),
    reject: bad.map(place),
  }));
}

const bothKinds = (rows: Omit<RuleRows, 'accept' | 'reject'>, good: readonly string[], bad: readonly string[]) =>
  [server, backend].map((make) => ({
    ...rows,
    accept: good.map((name) => make({}, name)),
    reject: bad.map((name) => make({}, name)),
  }));

export const names: readonly RuleRows[] = [
  ...bothKinds(
    {
      at: '',
      message: 'metadata.name may have at most 50 characters, which leaves room for the names of children',
    },
    ['a'.repeat(50)],
    ['a'.repeat(51)],
  ),
  ...bothKinds(
    {
      at: '',
      message: 'metadata.name must begin with a letter and have no dots, because the Service has the same name',
    },
    ['a', 'a-1'],
    ['1a', 'a.b'],
  ),
];

export const scaling: readonly RuleRows[] = [
  { at: 'spec', make: (fields: Fields) => server({ storage: POSTGRES, ...fields }) },
  { at: 'spec.managed', make: (fields: Fields) => managed(fields) },
].flatMap(({ at, make }) => {
  const asked = { resources: { requests: { cpu: '1', memory: '1Gi' } } };
  const resources = at === 'spec' ? 'spec.resources' : 'spec.managed.resources';
  return [
    {
      at,
      message: 'set replicas or autoscaling, not both',
      accept: [make({ ...asked, replicas: 3 }), make({ ...asked, autoscaling: { maxReplicas: 3 } }), make({})],
      reject: [make({ ...asked, replicas: 3, autoscaling: { maxReplicas: 3 } })],
    },
    {
      at,
      message: 'autoscaling by CPU needs resources.requests.cpu',
      accept: [
        make({ resources: { requests: { cpu: '1' } }, autoscaling: { maxReplicas: 2 } }),
        make({ resources: {} }),
      ],
      reject: [
        make({ resources: { requests: { memory: '1Gi' } }, autoscaling: { maxReplicas: 2 } }),
        make({ resources: {}, autoscaling: { maxReplicas: 2 } }),
      ],
    },
    {
      at,
      message: 'autoscaling by memory needs resources.requests.memory',
      accept: [make({ ...asked, autoscaling: { maxReplicas: 2, memory: 80 } })],
      reject: [make({ resources: { requests: { cpu: '1' } }, autoscaling: { maxReplicas: 2, memory: 80 } })],
    },
    {
      at: `${at}.autoscaling`,
      message: 'autoscaling.minReplicas must not exceed autoscaling.maxReplicas',
      accept: [make({ ...asked, autoscaling: { minReplicas: 2, maxReplicas: 2 } })],
      reject: [make({ ...asked, autoscaling: { minReplicas: 3, maxReplicas: 2 } })],
    },
    {
      at: resources,
      message: 'resources.requests must not exceed resources.limits',
      accept: [
        make({ resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '0.5', memory: '1025Mi' } } }),
        make({ resources: { requests: { cpu: '2' }, limits: { memory: '1Gi' } } }),
        make({ resources: { limits: { memory: '1Gi' } } }),
      ],
      reject: [
        make({ resources: { requests: { cpu: '501m' }, limits: { cpu: '0.5' } } }),
        make({ resources: { requests: { memory: '1Gi' }, limits: { memory: '1G' } } }),
      ],
    },
  ];
});

const KEYS_MESSAGE = 'each key must be a name or prefix/name, as of a label';

export const keys: readonly RuleRows[] = [
  ...everywhere(
    KEYS_MESSAGE,
    {
      'spec.backends.selector.matchLabels': (v) => server({ backends: { selector: { matchLabels: v } } }),
      'spec.accelerator.nodeSelector': (v) => server({ accelerator: { nodeSelector: v } }),
      'spec.scheduling.nodeSelector': (v) => server({ scheduling: { nodeSelector: v } }),
      'spec.podTemplate.labels': (v) => server({ podTemplate: { labels: v } }),
      'spec.podTemplate.annotations': (v) => server({ podTemplate: { annotations: v } }),
      'spec.exposure.ingress.annotations': (v) => exposed({ ingress: { annotations: v } }),
      'spec.managed.accelerator.nodeSelector': (v) => managed({ accelerator: { nodeSelector: v } }),
      'spec.managed.scheduling.nodeSelector': (v) => managed({ scheduling: { nodeSelector: v } }),
    },
    [{ tier: 'gold', 'example.com/a_b.c': '' }, {}],
    [{ 'a b': '' }, { '/a': '' }, { 'A.example.com/a': '' }, { [`a/${'b'.repeat(64)}`]: '' }],
  ),
  ...everywhere(
    KEYS_MESSAGE,
    {
      'spec.resources.requests': (v) => server({ resources: { requests: v } }),
      'spec.resources.limits': (v) => server({ resources: { limits: v } }),
      'spec.managed.resources.requests': (v) => managed({ resources: { requests: v } }),
      'spec.managed.resources.limits': (v) => managed({ resources: { limits: v } }),
    },
    [{ cpu: '1', 'example.com/fpga': '2' }],
    [{ 'c pu': '1' }],
  ),
];

/** Long enough for every deadline that has to fit in. */
const DAY = { rollout: { terminationGracePeriod: '24h' } };

const DURATION_MESSAGE = 'must be longer than 0s and at most 24h';

const durationRows = everywhere(
  DURATION_MESSAGE,
  {
    'spec.limits.callTimeout': (v) => server({ limits: { callTimeout: v }, ...DAY }),
    'spec.auth.builtIn.accessTokenLifetime': (v) =>
      server({
        auth: {
          type: 'BuiltIn',
          builtIn: { signingKeySecretRef: TOKEN, bootstrapAdminSecretRef: TOKEN, accessTokenLifetime: v },
        },
      }),
    'spec.inference.routes[].deadline': (v) =>
      server({
        inference: { routes: [{ name: 'chat', targets: [{ backend: 'b', model: 'm' }], deadline: v }] },
      }),
    'spec.managed.startupTimeout': (v) => managed({ startupTimeout: v }),
    'spec.managed.drain.terminationGracePeriod': (v) =>
      managed({ drain: { preStop: '0s', terminationGracePeriod: v } }),
    'spec.health.interval': (v) => backend({ health: { interval: v, timeout: '1ms' } }),
    'spec.health.timeout': (v) => backend({ health: { interval: '24h', timeout: v } }),
    'spec.health.inference.interval': (v) => backend({ health: { inference: { interval: v } } }),
    'spec.health.inference.timeout': (v) => backend({ health: { inference: { timeout: v } } }),
    'spec.timeouts.connect': (v) => backend({ timeouts: { connect: v, firstByte: '24h', request: '24h' } }),
    'spec.timeouts.firstByte': (v) => backend({ timeouts: { connect: '1ms', firstByte: v, request: '24h' } }),
    'spec.timeouts.idle': (v) => backend({ timeouts: { idle: v, request: '24h' } }),
    'spec.timeouts.request': (v) =>
      backend({ timeouts: { connect: '1ms', firstByte: '1ms', idle: '1ms', request: v } }),
  },
  ['2ms', '1h30m'],
  ['0s', '25h'],
);

const graceRows = everywhere(
  DURATION_MESSAGE,
  {
    'spec.rollout.terminationGracePeriod': (v) =>
      server({ limits: { callTimeout: '1ms' }, rollout: { drain: '0s', terminationGracePeriod: v } }),
  },
  ['17s', '1h30m'],
  ['0s', '25h'],
);

export const durations: readonly RuleRows[] = [...durationRows, ...graceRows];

export const urls: readonly RuleRows[] = everywhere(
  'must be https, or http to localhost or a Service of the cluster (*.svc, *.svc.cluster.local)',
  {
    'spec.auth.jwt.issuer': (v) => server({ auth: { type: 'JWT', jwt: { issuer: v } } }),
    'spec.auth.jwt.jwksUri': (v) => server({ auth: { type: 'JWT', jwt: { issuer: 'https://id.test', jwksUri: v } } }),
  },
  [
    'https://id.test/realms/a',
    'http://127.0.0.1:8080',
    'http://localhost/',
    'http://issuer.team-a.svc',
    'http://issuer.team-a.svc.cluster.local:8080/keys',
  ],
  ['http://id.test', 'http://localhost.test', 'http://a.svc.test/', 'http://127.0.0.1.test'],
);

export const variables: readonly RuleRows[] = everywhere(
  'set value or secretKeyRef of a variable, not both',
  {
    'spec.podTemplate.env[]': (v) => server({ podTemplate: { env: [v] } }),
    'spec.managed.env[]': (v) => managed({ env: [v] }),
  },
  [{ name: 'A', value: '1' }, { name: 'A', secretKeyRef: TOKEN }, { name: 'A' }],
  [{ name: 'A', value: '1', secretKeyRef: TOKEN }],
);
