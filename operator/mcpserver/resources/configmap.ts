/**
 * The configuration of a server's pods: the contract of `server/config.ts` as YAML. Nothing that pods follow live is in
 * it, so its hash says when they must be replaced.
 */
import { stringify } from 'yaml';
import { apiVersionOf } from '#operator/kit/object.ts';
import { configMaps } from '#operator/kit/resources.ts';
import type { ConfigMap } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { renderServerConfig } from '#server/config-from-spec.ts';
import { CONFIG_KEY, childMetadata, SUFFIX } from '../names.ts';

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
