/**
 * Names, places and the metadata of the children of an McpServer. Deterministic, so that a reconcile finds what an
 * earlier one made.
 */
import type { ObjectMeta } from '#operator/kit/object.ts';
import { type CachedMcpServer, mcpServers } from '#operator/workload/customresources.ts';
import type { Workload } from '#operator/workload/labels.ts';
import * as owner from '#operator/workload/owner.ts';

export const CONTAINER = 'server';
export const PORTS = { http: 8080, health: 9090, service: 80 } as const;
export const CONFIG_KEY = 'server.yaml';
export const CONFIG_FOLDER = '/etc/mcp-fleet';
/** Key in the Secret and name of the file: 32 random bytes with which the pods of one server seal what clients keep. */
export const SEALING_KEY = 'sealing.key';
/** The same of the key that is being replaced, or is to come; put there by a person, and only for a while. */
export const PREVIOUS_SEALING_KEY = 'sealing-previous.key';

/** Suffixes of the children that are not named as the server itself. */
export const SUFFIX = { config: '-config', keys: '-keys', data: '-data' } as const;

export const workloadOf = (server: CachedMcpServer): Workload => ({
  application: 'mcp-server',
  instance: server.metadata.name,
});

export const ownerOf = (server: CachedMcpServer): owner.Owner => ({
  resource: mcpServers,
  metadata: server.metadata,
  workload: workloadOf(server),
});

/** Metadata of a child that goes when the server goes. */
export const childMetadata = (server: CachedMcpServer, suffix: owner.Suffix = ''): ObjectMeta =>
  owner.childMetadata(ownerOf(server), suffix);

/** Metadata of a child that stays when the server goes. */
export const ownerlessMetadata = (server: CachedMcpServer, suffix: owner.Suffix): ObjectMeta =>
  owner.ownerlessMetadata(ownerOf(server), suffix);

/** Host name of the Service within the cluster. */
export const serviceHost = ({ metadata }: CachedMcpServer): string =>
  `${metadata.name}.${metadata.namespace}.svc.cluster.local`;

/** URL within the cluster. */
export const serviceUrl = (server: CachedMcpServer): string =>
  `http://${serviceHost(server)}${server.spec.exposure.path}`;
