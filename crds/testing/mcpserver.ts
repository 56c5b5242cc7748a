/**
 * Rows of the rules that only an McpServer has.
 */
import { exposed, POSTGRES, server, TOKEN } from './objects.ts';
import type { RuleRows } from './shared.ts';

const JWT = { type: 'JWT', jwt: { issuer: 'https://id.example.com' } };
const BUILT_IN = {
  type: 'BuiltIn',
  builtIn: { signingKeySecretRef: { name: 's', key: 'k' }, bootstrapAdminSecretRef: { name: 's', key: 'admin' } },
};
const KUBERNETES = {
  type: 'KubernetesServiceAccount',
  kubernetesServiceAccount: { serviceAccounts: [{ namespace: '*', name: 'agent' }, {}], verification: 'TokenReview' },
};
const behind = (...trustedProxies: readonly string[]) => server({ limits: { trustedProxies } });
const asked = { resources: { requests: { cpu: '1' } } };

export const mcpServerRows: readonly RuleRows[] = [
  {
    at: 'spec',
    message: 'Embedded storage serves one pod; use storage.type Postgres for more replicas or autoscaling',
    accept: [
      server({ replicas: 0 }),
      server({ replicas: 1 }),
      server({ replicas: 2, storage: POSTGRES }),
      server({ ...asked, autoscaling: { maxReplicas: 2 }, storage: POSTGRES }),
    ],
    reject: [
      server({ replicas: 2 }),
      server({ replicas: 2, storage: { type: 'Embedded', embedded: { ephemeral: true } } }),
      server({ ...asked, autoscaling: { maxReplicas: 1 } }),
    ],
  },
  {
    at: 'spec',
    message:
      'rollout.terminationGracePeriod must be at least rollout.drain + limits.callTimeout + 16s, or calls in hand are cut off',
    accept: [
      server({ rollout: { drain: '14s' } }),
      server({ rollout: { drain: '0s' }, limits: { callTimeout: '134s' } }),
      server({ rollout: { drain: '1m', terminationGracePeriod: '1h' }, limits: { callTimeout: '58m44s' } }),
    ],
    reject: [
      server({ rollout: { drain: '14001ms' } }),
      server({ limits: { callTimeout: '2m5s' } }),
      server({ rollout: { terminationGracePeriod: '145s' } }),
    ],
  },
  {
    at: 'spec',
    message:
      'when auth.type is BuiltIn, exposure.path must not be one at which the issuer answers: /.well-known/oauth-authorization-server, /token, /revoke',
    accept: [
      server({ auth: BUILT_IN, exposure: { path: '/token/mcp' } }),
      server({ auth: JWT, exposure: { path: '/token' } }),
      server({ exposure: { path: '/revoke' } }),
    ],
    reject: ['/token', '/revoke', '/.well-known/oauth-authorization-server'].map((path) =>
      server({ auth: BUILT_IN, exposure: { path } }),
    ),
  },
  {
    at: 'spec.limits.trustedProxies[]',
    message: 'must be an address or a range of addresses, such as 192.168.1.7 or 10.244.0.0/16',
    accept: [behind(), behind('192.168.1.7', '10.244.0.0/16'), behind('::1', 'fd00::/8', '0.0.0.0/0')],
    reject: [
      behind('10.244.0.0/33'),
      behind('10.244.0/16'),
      behind('fd00::/129'),
      behind('10.0.0.1', 'proxy.example.com'),
      behind('10.0.0.1/'),
      behind('1:2'),
    ],
  },
  {
    at: 'spec.backends',
    message: 'set backends.names or backends.selector, not both',
    accept: [
      server({ backends: { names: ['a', 'b'] } }),
      server({ backends: { selector: { matchLabels: { tier: 'gold' } } } }),
      server({ backends: {} }),
    ],
    reject: [server({ backends: { names: ['a'], selector: { matchLabels: { tier: 'gold' } } } })],
  },
  {
    at: 'spec.storage',
    message: 'storage.postgres must be set when storage.type is Postgres, and only then',
    accept: [server({ storage: POSTGRES }), server({ storage: {} })],
    reject: [server({ storage: { type: 'Postgres' } }), server({ storage: { ...POSTGRES, type: 'Embedded' } })],
  },
  {
    at: 'spec.storage',
    message: 'storage.embedded may only be set when storage.type is Embedded',
    accept: [server({ storage: { embedded: { size: '2Gi' } } })],
    reject: [server({ storage: { ...POSTGRES, embedded: {} } })],
  },
  {
    at: 'spec.exposure',
    message: 'exposure.host is required when exposure.type is Ingress',
    accept: [exposed({})],
    reject: [exposed({ host: undefined })],
  },
  {
    at: 'spec.exposure',
    message: 'exposure.ingress may only be set when exposure.type is Ingress',
    accept: [exposed({ ingress: { className: 'traefik', tlsSecretName: 'tls' } })],
    reject: [server({ exposure: { ingress: {} } })],
  },
  {
    at: 'spec.exposure',
    message: 'exposure.host may only be set when exposure.type is Ingress',
    accept: [server({ exposure: { type: 'ClusterIP', path: '/' } })],
    reject: [server({ exposure: { host: 'mcp.example.com' } })],
  },
  {
    at: 'spec.auth',
    message: 'auth.jwt must be set when auth.type is JWT, and only then',
    accept: [server({ auth: JWT }), server({ auth: {} })],
    reject: [server({ auth: { type: 'JWT' } }), server({ auth: { ...JWT, type: 'None' } })],
  },
  {
    at: 'spec.auth',
    message: 'auth.builtIn must be set when auth.type is BuiltIn, and only then',
    accept: [server({ auth: BUILT_IN })],
    reject: [server({ auth: { type: 'BuiltIn' } }), server({ auth: { ...BUILT_IN, type: 'None' } })],
  },
  {
    at: 'spec.auth',
    message: 'auth.kubernetesServiceAccount may only be set when auth.type is KubernetesServiceAccount',
    accept: [server({ auth: KUBERNETES }), server({ auth: { type: 'KubernetesServiceAccount' } })],
    reject: [server({ auth: { ...KUBERNETES, type: 'None' } })],
  },
  {
    at: 'spec.skills[]',
    message: 'a skill needs either configMap or persistentVolumeClaim',
    accept: [
      server({
        skills: [
          { name: 'review', configMap: { name: 'review' } },
          { name: 'papers', persistentVolumeClaim: { name: 'papers' } },
        ],
      }),
    ],
    reject: [
      server({ skills: [{ name: 'review' }] }),
      server({ skills: [{ name: 'a', configMap: { name: 'a' }, persistentVolumeClaim: { name: 'a' } }] }),
    ],
  },
  {
    at: 'spec.podTemplate.envFrom[]',
    message: 'an item of envFrom needs either configMapRef or secretRef',
    accept: [
      server({ podTemplate: { envFrom: [{ configMapRef: { name: 'a' } }, { secretRef: { name: TOKEN.name } }] } }),
    ],
    reject: [
      server({ podTemplate: { envFrom: [{}] } }),
      server({ podTemplate: { envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'b' } }] } }),
    ],
  },
];
