import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { command } from '#e2e/cluster/command.ts';
import { kubectl } from '#e2e/cluster/kubectl.ts';
import { helmTemplate, objects } from './helm.testing.ts';

const cluster = inject('cluster');
const namespace = 'charts-test';
const kube = kubectl(cluster);
const helm = (...args: string[]) => command(cluster.binaries.helm, ['--kubeconfig', cluster.kubeconfig, ...args]);
const chart = (name: string) => join(import.meta.dirname, name);

beforeAll(async () => {
  await kube.apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
});
// Not waited for: where only the API server runs, nothing finishes the deletion.
afterAll(() => kube.run(['delete', 'namespace', namespace, '--wait=false']));

describe('on a real API server', () => {
  const shared = cluster.provider === 'existing';
  test.skipIf(shared)(
    `both charts install, and leave nothing but the CRDs when they are removed${shared ? ' (skipped: this cluster may have them already)' : ''}`,
    async () => {
      // CRDs may be there from another test.
      await helm('install', 'mcp-fleet-crds', chart('mcp-fleet-crds'), '--take-ownership');
      const notes = await helm('install', 'charts-operator', chart('mcp-fleet'), '--namespace', namespace);
      expect(notes).not.toContain('custom resources are missing');
      const served = await kube.run(['api-resources', '--api-group=mcpfleet.dev', '--output=name']);
      expect(served.trim().split('\n').sort()).toEqual(['mcpservers.mcpfleet.dev', 'modelbackends.mcpfleet.dev']);
      await helm('uninstall', 'charts-operator', '--namespace', namespace);
      await helm('uninstall', 'mcp-fleet-crds');
      const left = await kube.run([
        'get',
        'deployment,service,role,rolebinding,serviceaccount',
        '-n',
        namespace,
        '-l',
        'app.kubernetes.io/instance=charts-operator',
        '-o',
        'name',
      ]);
      expect(left).toBe('');
      expect(await kube.find('clusterrole', 'charts-operator')).toBeUndefined();
      expect(await kube.find('crd', 'mcpservers.mcpfleet.dev')).toBeDefined();
    },
  );

  test.each<[string, object]>([
    ['default', {}],
    ['three replicas', { replicas: 3 }],
  ])('the operator pod with %s values is admitted where only restricted pods are', async (_, values) => {
    const rendered = objects(await helmTemplate(cluster.binaries.helm, 'mcp-fleet', values));
    const template = rendered.find(({ kind }) => kind === 'Deployment')?.spec?.template;
    const pod = (spec: object | undefined) =>
      kube.in(namespace).run(['create', '--dry-run=server', '-f', '-', '-o', 'name'], {
        input: JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'operator', namespace },
          spec: { ...spec, serviceAccountName: 'default' },
        }),
      });
    await kube.in(namespace).apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } });
    expect(await pod(template?.spec)).toBe('pod/operator\n');
    await expect(pod({ ...template?.spec, securityContext: {} })).rejects.toThrow('violates PodSecurity "restricted');
  });
});
