/**
 * The configuration of a server's pods: the contract of `server/config.ts` as YAML. Nothing that pods follow live is in
 * it, so its hash says when they must be replaced.
 */
import { hash } from 'node:crypto';
import { stringify } from 'yaml';
import { apiVersionOf } from '#operator/kit/object.ts';
import { configMaps } from '#operator/kit/resources.ts';
import type { ConfigMap } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { renderServerConfig } from '#server/config-from-spec.ts';
import { CONFIG_KEY, childMetadata, SUFFIX } from '../names.ts';
import type { ResolvedReference } from '../references.ts';

/** YAML by the configuration it stands for: most reconciles change nothing, and writing YAML is what costs in them. */
const rendered = new Map<string, string>();
const MAX_RENDERED = 1024;

export function serverYaml(server: CachedMcpServer): string {
  const config = renderServerConfig(server);
  const content = JSON.stringify(config);
  const known = rendered.get(content);
  if (known !== undefined) return known;
  const yaml = stringify(config, { lineWidth: 0, aliasDuplicateObjects: false });
  if (rendered.size >= MAX_RENDERED) rendered.clear();
  rendered.set(content, yaml);
  return yaml;
}

export const configMap = (server: CachedMcpServer): ConfigMap => ({
  apiVersion: apiVersionOf(configMaps),
  kind: configMaps.kind,
  metadata: childMetadata(server, SUFFIX.config),
  data: { [CONFIG_KEY]: serverYaml(server) },
});

/**
 * Over what pods read at their start only. Of Secrets the version counts and not the content: a digest of a short
 * secret in an annotation would let readers of Deployments guess it.
 */
export function configHash(server: CachedMcpServer, references: readonly ResolvedReference[]): string {
  const versions = references.map(({ kind, name, version }) => `${kind}/${name}/${version}`);
  return hash('sha256', [serverYaml(server), ...versions].join('\n'), 'hex').slice(0, 16);
}
