/**
 * The configuration of a server's pods: the contract of `server/config.ts` as JSON, which is YAML and read faster.
 * Nothing that pods follow live is in it, so its hash says when they must be replaced.
 */
import { apiVersionOf } from '#operator/kit/object.ts';
import { configMaps } from '#operator/kit/resources.ts';
import type { ConfigMap } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { renderServerConfig } from '#server/config-from-spec.ts';
import { CONFIG_KEY, childMetadata, SUFFIX } from '../names.ts';

export const serverFile = (server: CachedMcpServer): string =>
  `${JSON.stringify(renderServerConfig(server), undefined, 2)}\n`;

export const configMap = (server: CachedMcpServer): ConfigMap => ({
  apiVersion: apiVersionOf(configMaps),
  kind: configMaps.kind,
  metadata: childMetadata(server, SUFFIX.config),
  data: { [CONFIG_KEY]: serverFile(server) },
});
