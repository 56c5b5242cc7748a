// Which provider a run uses: the cluster that the user names, else kind, else
// the local one. The environment is passed in.

import { UsageError } from '../command-line.ts';
import { existingProvider } from './existing.ts';
import { kindProvider } from './kind.ts';
import { localProvider } from './local.ts';
import { places } from './places.ts';
import type { Provider } from './provider.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The first that is available. */
export async function firstAvailable(providers: readonly Provider[]): Promise<Provider> {
  const reasons: string[] = [];
  for (const provider of providers) {
    const answer = await provider.available();
    if (answer.ok) return provider;
    reasons.push(`${provider.name}: ${answer.reason}`);
  }
  throw new UsageError(`No cluster can be had here. ${reasons.join('; ')}.`);
}

/** USE_EXISTING_CLUSTER=true with KUBECONFIG insists on that cluster; otherwise kind, otherwise local. */
export async function chooseProvider(env: Environment): Promise<Provider> {
  if (env['USE_EXISTING_CLUSTER'] === 'true') {
    const existing = existingProvider({
      kubeconfig: env['KUBECONFIG'],
      registry: env['MCP_FLEET_IMAGE_REGISTRY'],
      ingressUrl: env['MCP_FLEET_INGRESS_URL'],
    });
    return firstAvailable([existing]);
  }
  const here = places(env);
  return firstAvailable([kindProvider(here), localProvider(here)]);
}
