/**
 * The model endpoint of the environment as a ModelBackend, so that everything behind it is the same as for a file.
 * The credential is not part of it.
 */
import { API_VERSION } from '#crds/group.ts';
import { type ModelBackend, modelBackend } from '#crds/modelbackend-status.ts';
import { ConfigError, issuesText } from '../config-error.ts';
import { ENVIRONMENT_BACKEND, type EnvironmentEndpoint } from './environment.ts';

/** Throws ConfigError, which names the variable, where the URL is not one. */
export function environmentBackend(endpoint: EnvironmentEndpoint, model: string): ModelBackend {
  const parsed = modelBackend.schema.safeParse({
    apiVersion: API_VERSION,
    kind: modelBackend.kind,
    metadata: { name: ENVIRONMENT_BACKEND },
    spec: {
      type: 'External',
      models: [{ name: model, tasks: ['Chat', 'Completion'] }],
      external: { url: endpoint.url, allowInsecure: true },
      ...(endpoint.key === undefined
        ? {}
        : { auth: { type: 'Bearer', secretRef: { name: ENVIRONMENT_BACKEND, key: 'token' } } }),
    },
  });
  if (!parsed.success) throw new ConfigError(`${endpoint.variable}: ${issuesText(parsed.error)}`);
  return parsed.data as ModelBackend;
}
