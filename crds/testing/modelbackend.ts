/**
 * Rows of the rules that only a ModelBackend has.
 */
import { backend, custom, external, type Fields, managed, type Row, TOKEN } from './objects.ts';
import type { RuleRows } from './shared.ts';

const DOWNLOAD = { uri: 'hf://org/model' };
const PINNED = { uri: 'hf://org/model@main' };
const CLAIM = { persistentVolumeClaim: { claimName: 'models', path: 'tiny.gguf' } };
const SERVICE = { name: 'vllm', port: 8000 };
const CACHE = { size: '10Gi' };
const BEARER = { type: 'Bearer', secretRef: TOKEN };
const HEADER = { type: 'Header', header: 'api-key', secretRef: TOKEN };
const withAuth = (row: Row, auth: Fields): Row => ({ ...row, spec: { ...row.spec, auth } });
const SEVERAL = [{ name: 'a' }, { name: 'b' }];

export const modelBackendRows: readonly RuleRows[] = [
  {
    at: 'spec',
    message: 'set exactly the block that spec.type names: managed, service or external',
    accept: [backend(), managed(), backend({ type: 'Service', service: SERVICE, external: undefined })],
    reject: [
      backend({ external: undefined }),
      backend({ service: SERVICE }),
      backend({ type: 'Service' }),
      backend({ type: 'Managed' }),
    ],
  },
  {
    at: 'spec',
    message: 'engines VLLM and LlamaCpp serve one model; list one in spec.models',
    accept: [managed(), custom({}, SEVERAL), backend({ models: SEVERAL })],
    reject: [managed({}, SEVERAL), managed({ engine: 'VLLM' }, SEVERAL)],
  },
  {
    at: 'spec',
    message: 'engines VLLM and LlamaCpp embed or generate; list Embedding alone, or Chat and Completion',
    accept: [
      managed({}, [{ name: 'a', tasks: ['Embedding'] }]),
      managed({ engine: 'VLLM' }, [{ name: 'a', tasks: ['Chat', 'Completion'] }]),
      custom({}, [{ name: 'a', tasks: ['Chat', 'Embedding'] }]),
      backend({ models: [{ name: 'a', tasks: ['Chat', 'Embedding'] }] }),
    ],
    reject: [
      managed({}, [{ name: 'a', tasks: ['Chat', 'Embedding'] }]),
      managed({ engine: 'VLLM' }, [{ name: 'a', tasks: ['Embedding', 'Completion'] }]),
    ],
  },
  {
    at: 'spec',
    message: 'engines VLLM and LlamaCpp take the credential as Bearer; set auth.type to Bearer',
    accept: [
      withAuth(managed(), BEARER),
      withAuth(managed({ engine: 'VLLM' }), BEARER),
      withAuth(custom({}), HEADER),
      backend({ auth: HEADER }),
    ],
    reject: [withAuth(managed(), HEADER), withAuth(managed({ engine: 'VLLM' }), HEADER)],
  },
  {
    at: 'spec.managed',
    message: 'llama.cpp cannot pin a revision; leave @revision out of source.uri',
    accept: [
      managed({ source: DOWNLOAD }),
      managed({ source: CLAIM }),
      managed({ engine: 'VLLM', source: PINNED }),
      custom({ source: PINNED }),
    ],
    reject: [managed({ source: PINNED })],
  },
  {
    at: 'spec.managed',
    message: 'a cache with accessMode ReadWriteOnce leaves no room for an extra pod; leave rollout out',
    accept: [
      managed({ source: DOWNLOAD, cache: CACHE }),
      managed({ source: DOWNLOAD, cache: CACHE, rollout: { maxSurge: 0, maxUnavailable: 1 } }),
      managed({ source: DOWNLOAD, cache: { ...CACHE, accessMode: 'ReadWriteMany' }, rollout: { maxSurge: 1 } }),
      managed({ rollout: { maxSurge: 1, maxUnavailable: 0 } }),
    ],
    reject: [
      managed({ source: DOWNLOAD, cache: CACHE, rollout: { maxSurge: 1 } }),
      managed({ source: DOWNLOAD, cache: CACHE, rollout: { maxSurge: '25%', maxUnavailable: 1 } }),
      managed({ source: DOWNLOAD, cache: CACHE, rollout: { maxUnavailable: 0 } }),
      managed({ source: DOWNLOAD, cache: CACHE, rollout: { maxUnavailable: '0%' } }),
    ],
  },
  {
    at: 'spec.managed',
    message: 'managed.source is required for engines VLLM and LlamaCpp',
    accept: [custom({}), managed({ engine: 'VLLM', source: CLAIM })],
    reject: [managed({ source: undefined }), managed({ engine: 'VLLM', source: undefined })],
  },
  {
    at: 'spec.managed',
    message: 'managed.port is required for engine Custom',
    accept: [custom({ port: 1024 }), managed({ port: 8080 })],
    reject: [custom({ port: undefined })],
  },
  {
    at: 'spec.managed',
    message: 'managed.cache needs source.uri',
    accept: [managed({ source: DOWNLOAD, cache: CACHE })],
    reject: [managed({ cache: CACHE }), managed({ source: CLAIM, cache: CACHE }), custom({ cache: CACHE })],
  },
  {
    at: 'spec.managed',
    message: 'a cache with accessMode ReadWriteOnce serves one pod; use ReadWriteMany',
    accept: [
      managed({ source: DOWNLOAD, cache: CACHE, replicas: 1 }),
      managed({ source: DOWNLOAD, cache: { ...CACHE, accessMode: 'ReadWriteMany' }, replicas: 2 }),
    ],
    reject: [
      managed({ source: DOWNLOAD, cache: CACHE, replicas: 2 }),
      managed({
        source: DOWNLOAD,
        cache: CACHE,
        autoscaling: { maxReplicas: 2 },
        resources: { requests: { cpu: '1' } },
      }),
    ],
  },
  {
    at: 'spec.managed.source',
    message: 'set exactly one of uri, persistentVolumeClaim and builtin',
    accept: [managed({ source: DOWNLOAD }), managed({ source: CLAIM }), managed()],
    reject: [managed({ source: {} }), managed({ source: { ...DOWNLOAD, ...CLAIM } })],
  },
  {
    at: 'spec.managed.source',
    message: 'credentialsSecretRef needs uri',
    accept: [managed({ source: { ...DOWNLOAD, credentialsSecretRef: TOKEN } })],
    reject: [managed({ source: { ...CLAIM, credentialsSecretRef: TOKEN } })],
  },
  {
    at: 'spec.managed.rollout',
    message: 'maxSurge and maxUnavailable must not both be 0',
    accept: [
      managed({ rollout: { maxSurge: 0, maxUnavailable: 1 } }),
      managed({ rollout: { maxSurge: 0 } }),
      managed({ rollout: { maxSurge: '25%', maxUnavailable: '0%' } }),
    ],
    reject: [
      managed({ rollout: { maxSurge: 0, maxUnavailable: 0 } }),
      managed({ rollout: { maxSurge: '0%', maxUnavailable: '0%' } }),
    ],
  },
  {
    at: 'spec.managed.drain',
    message: 'drain.preStop must be shorter than drain.terminationGracePeriod',
    accept: [managed({ drain: { preStop: '74s' } })],
    reject: [managed({ drain: { preStop: '75s' } })],
  },
  {
    at: 'spec.external',
    message: 'plain http needs allowInsecure: true',
    accept: [external({}), external({ url: 'http://models.test:8080/v', allowInsecure: true })],
    reject: [external({ url: 'http://models.test' })],
  },
  {
    at: 'spec.external',
    message: 'link-local and metadata addresses are refused',
    accept: [external({ url: 'https://169-254.test' }), external({ url: 'https://[2001:db8::1]:443/a' })],
    reject: [
      external({ url: 'https://169.254.169.254' }),
      external({ url: 'https://[fd00:ec2::254]' }),
      external({ url: 'https://[fe80::1]' }),
      external({ url: 'https://[::ffff:169.254.169.254]' }),
      external({ url: 'https://metadata.google.internal' }),
    ],
  },
  {
    at: 'spec.external.headers[]',
    message: 'this header is set by the client; use spec.auth for credentials',
    accept: [external({ headers: [{ name: 'OpenAI-Organization', value: 'x' }] })],
    reject: ['Authorization', 'host', 'CONTENT-LENGTH', 'Connection', 'Transfer-Encoding'].map((name) =>
      external({ headers: [{ name, value: 'x' }] }),
    ),
  },
  {
    at: 'spec.auth',
    message: 'auth.secretRef must be set unless auth.type is None, and only then',
    accept: [backend({ auth: {} }), backend({ auth: { type: 'Bearer', secretRef: TOKEN } })],
    reject: [backend({ auth: { type: 'Bearer' } }), backend({ auth: { secretRef: TOKEN } })],
  },
  {
    at: 'spec.auth',
    message: 'auth.header must be set when auth.type is Header, and only then',
    accept: [backend({ auth: { type: 'Header', header: 'api-key', secretRef: TOKEN } })],
    reject: [
      backend({ auth: { type: 'Header', secretRef: TOKEN } }),
      backend({ auth: { type: 'Bearer', secretRef: TOKEN, header: 'api-key' } }),
    ],
  },
  {
    at: 'spec.health',
    message: 'health.timeout must not exceed health.interval',
    accept: [backend({ health: { timeout: '10s' } })],
    reject: [backend({ health: { timeout: '10001ms' } })],
  },
  {
    at: 'spec.timeouts',
    message: 'timeouts must satisfy connect <= firstByte <= request and idle <= request',
    accept: [backend({ timeouts: { connect: '1m', firstByte: '1m', idle: '1m', request: '60s' } })],
    reject: [
      backend({ timeouts: { connect: '61s' } }),
      backend({ timeouts: { firstByte: '11m' } }),
      backend({ timeouts: { idle: '11m' } }),
    ],
  },
];
