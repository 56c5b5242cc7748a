/**
 * The two kinds of this project as the client and the caches name them. Shapes come from the schema, with its defaults
 * applied, as the API server hands them out.
 */
import { GROUP, VERSION } from '#crds/group.ts';
import type { McpServerSpec, McpServerStatus } from '#crds/mcpserver-status.ts';
import type { ModelBackendSpec, ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { Cached, KubeObject, Resource } from '#operator/kit/object.ts';

interface CustomResource<Spec, Status> {
  readonly spec: Spec;
  readonly status?: Status;
}

export interface McpServerObject extends KubeObject, CustomResource<McpServerSpec, McpServerStatus> {}
export interface ModelBackendObject extends KubeObject, CustomResource<ModelBackendSpec, ModelBackendStatus> {}

export type CachedMcpServer = McpServerObject & Cached;
export type CachedModelBackend = ModelBackendObject & Cached;

const ours = { group: GROUP, version: VERSION, namespaced: true } as const;

export const mcpServers: Resource<McpServerObject> = { ...ours, kind: 'McpServer', plural: 'mcpservers' };
export const modelBackends: Resource<ModelBackendObject> = { ...ours, kind: 'ModelBackend', plural: 'modelbackends' };
