import { expect, test } from 'vitest';
import { cachedMeta } from '#operator/kit/projection.ts';
import { services } from '#operator/kit/resources.ts';
import { mcpServers } from './customresources.ts';
import { isLeftover, nameConflict, type Owner } from './owner.ts';

const metadata = { namespace: 'team-a', name: 'assistant', uid: 'u', resourceVersion: '1' };
const owner: Owner = {
  resource: mcpServers,
  metadata: cachedMeta({ apiVersion: 'mcpfleet.dev/v1alpha1', kind: 'McpServer', metadata }),
  workload: { application: 'mcp-server', instance: 'assistant' },
};
const reference = { apiVersion: 'mcpfleet.dev/v1alpha1', kind: 'ModelBackend', name: 'assistant', uid: 'v' };

test('a name conflict says whose the object is', () => {
  const intent = { metadata: { namespace: 'team-a', name: 'assistant' } };
  expect(nameConflict(owner, services, intent, reference).message).toContain('belongs to ModelBackend assistant');
  expect(nameConflict(owner, services, intent, undefined).message).toContain('is not of this McpServer');
});

test('only an owner of the same kind and name that is gone leaves something behind', () => {
  expect(isLeftover(owner, { ...reference, kind: 'McpServer' })).toBe(true);
  expect(isLeftover(owner, { ...reference, kind: 'McpServer', uid: 'u' })).toBe(false);
  expect(isLeftover(owner, reference)).toBe(false);
  expect(isLeftover(owner, { ...reference, kind: 'McpServer', name: 'other' })).toBe(false);
  expect(isLeftover(owner, undefined)).toBe(false);
});
