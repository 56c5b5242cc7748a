/**
 * Children whose names are taken by objects of somebody else. Nothing is ever taken over.
 */
import { controllerOf, type KubeObject, type OwnerReference, type Resource } from '#operator/kit/object.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import { type CachedMcpServer, mcpServers } from '#operator/workload/customresources.ts';
import { workloadLabels } from '#operator/workload/labels.ts';
import { isOurClaim } from '#operator/workload/retained.ts';
import { workloadOf } from '../names.ts';
import type { Problem } from './problem.ts';

/** Whether an object that has the name of a child may be treated as that child. */
export function isOurs(server: CachedMcpServer, resource: Resource, child: CachedChild): boolean {
  const { uid } = server.metadata;
  return resource.kind === persistentVolumeClaims.kind
    ? isOurClaim(child, uid, workloadLabels(workloadOf(server)))
    : controllerOf(child)?.uid === uid;
}

/** Whether the object is what a deleted server of the same name has left to the garbage collector. */
export const isLeftover = ({ metadata }: CachedMcpServer, owner: OwnerReference | undefined): boolean =>
  owner?.kind === mcpServers.kind && owner.name === metadata.name && owner.uid !== metadata.uid;

export function nameConflict(
  resource: Resource,
  { metadata }: Pick<KubeObject, 'metadata'>,
  owner: OwnerReference | undefined,
): Problem {
  const object = `${resource.kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const whose = owner === undefined ? 'is not of this McpServer' : `belongs to ${owner.kind} ${owner.name}`;
  const message = `metadata.name: ${object} exists and ${whose}; rename the McpServer or remove that object.`;
  return { reason: 'NameConflict', message, blocking: true };
}
