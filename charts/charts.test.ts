import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeConfig, readConfig } from '#operator/config.ts';
import { findHelm, helmTemplate, objects } from './helm.testing.ts';
import { installManifest } from './install.ts';
import { valuesYaml } from './render.ts';
import { rulesTemplates } from './rules.ts';
import { operatorValues } from './values.ts';

const found = await findHelm(process.env);
const why = found ? '' : ' (skipped: no helm built yet and none in the PATH)';
const helm = found as string;

describe('the values', () => {
  test('become a values.yaml of their defaults, which they accept, and refuse a misspelt one', () => {
    const defaults = parse(valuesYaml(operatorValues)) as Record<string, unknown>;
    expect(operatorValues.parse(defaults)).toEqual(defaults);
    expect(defaults).toMatchObject({ replicas: 1, image: { repository: 'mcpfleet.local/operator' }, tolerations: [] });
    expect(operatorValues.safeParse({ ...defaults, toleration: [] }).success).toBe(false);
  });

  test('and the rules become one template for each name', () => {
    const verbs = ['get'];
    const rule = { apiGroups: [''], resources: ['pods'], verbs };
    const text = rulesTemplates({ a: [rule], b: [], c: [rule, { ...rule, resources: ['nodes'] }] });
    expect(text).not.toMatch(/[&*]a1/);
    expect(text).toContain(
      '{{- define "a" -}}\n- apiGroups:\n    - ""\n  resources:\n    - pods\n  verbs:\n    - get\n{{- end }}',
    );
    expect(text).toContain('{{- define "b" -}}\n[]\n{{- end }}');
  });
});

describe.skipIf(!found)(`the charts${why}`, () => {
  test.each(['mcp-fleet', 'mcp-fleet-crds'])('%s passes helm lint', (chart) => {
    const out = execFileSync(helm, ['lint', '--strict', join(import.meta.dirname, chart)], { encoding: 'utf8' });
    expect(out).toContain('0 chart(s) failed');
  });

  test.each<[string, object]>([
    ['default', {}],
    ['namespaced', { watchNamespaces: ['team-a', 'team-b', 'team-a'], serviceAccount: { create: false, name: 'own' } }],
    [
      'everything',
      {
        replicas: 3,
        fullnameOverride: 'fleet',
        image: { repository: 'example.org/operator', digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
        serverImage: { repository: 'example.org/server', tag: '1.0' },
        imagePullSecrets: [{ name: 'pull' }],
        podLabels: { team: 'platform', 'app.kubernetes.io/name': 'not-this' },
        podAnnotations: { note: 'x' },
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'system', operator: 'Exists' }],
        affinity: { nodeAffinity: {} },
        priorityClassName: 'system-cluster-critical',
        extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
        serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
        serviceAccount: { annotations: { role: 'x' } },
        resources: { limits: { cpu: 1 } },
      },
    ],
  ])('mcp-fleet renders %s values as before', async (name, values) => {
    const rendered = objects(await helmTemplate(helm, 'mcp-fleet', values));
    // The rules are in one file, so that a change of them is one change.
    const shown = rendered.map((object) => (name === 'default' || !object.rules ? object : { ...object, rules: '…' }));
    await expect(
      shown.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
    ).toMatchFileSnapshot(`./golden/${name}.yaml`);
  });

  test('mcp-fleet has no ClusterRole in namespaced mode, and equal rights in each namespace', async () => {
    const all = objects(await helmTemplate(helm, 'mcp-fleet'));
    const some = objects(await helmTemplate(helm, 'mcp-fleet', { watchNamespaces: ['a', 'b'] }));
    const rules = all.find(({ kind }) => kind === 'ClusterRole')?.rules;
    expect(rules?.length).toBeGreaterThan(0);
    expect(some.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
    const roles = some.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'mcp-fleet');
    expect(roles.map((role) => [role.metadata.namespace, role.rules])).toEqual([
      ['a', rules],
      ['b', rules],
    ]);
    const env = some.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec.containers[0]?.env;
    expect(env).toContainEqual({ name: 'MCP_FLEET_WATCH_NAMESPACES', value: 'a,b' });
  });

  test.each<[string, object]>([
    ['default', {}],
    ['all', { watchNamespaces: ['a'], logLevel: 'debug', 'leaderElection.leaseDuration': '1m30s', workers: 8 }],
  ])('mcp-fleet tells the operator its %s settings in variables that it knows', async (_, values) => {
    const rendered = objects(await helmTemplate(helm, 'mcp-fleet', values));
    const [container] = rendered.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec.containers ?? [];
    const env = Object.fromEntries(container?.env.map(({ name, value }) => [name, value ?? 'from the pod']) ?? []);
    for (const name of Object.keys(env)) expect(describeConfig()).toContain(` ${name} `);
    expect(readConfig(env)).toMatchObject({ MCP_FLEET_SERVER_IMAGE: 'mcpfleet.local/server:dev' });
  });

  test('manifests/install.yaml is what they render to', async () => {
    const crds = await helmTemplate(helm, 'mcp-fleet-crds', { keep: false });
    const rendered = [...objects(crds), ...objects(await helmTemplate(helm, 'mcp-fleet'))];
    await expect(installManifest(rendered)).toMatchFileSnapshot('../manifests/install.yaml');
  });

  test('mcp-fleet-crds keeps the CRDs unless told otherwise', async () => {
    const kept = await helmTemplate(helm, 'mcp-fleet-crds');
    expect(kept.match(/helm\.sh\/resource-policy: keep/g)).toHaveLength(2);
    const dropped = await helmTemplate(helm, 'mcp-fleet-crds', { keep: false, aggregateRoles: false });
    expect(dropped).not.toContain('resource-policy');
    expect(objects(dropped).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'CustomResourceDefinition mcpservers.mcpfleet.dev',
      'CustomResourceDefinition modelbackends.mcpfleet.dev',
    ]);
  });

  test.each<[string, string, object, string]>([
    ['mcp-fleet', 'a misspelt value', { replica: 2 }, "'replica'"],
    ['mcp-fleet', 'a misspelt value inside another', { 'image.repo': 'x' }, "'repo'"],
    ['mcp-fleet', 'a value of the wrong type', { replicas: 'two' }, 'replicas'],
    ['mcp-fleet', 'a duration without a unit', { 'leaderElection.leaseDuration': '5' }, 'leaseDuration'],
    [
      'mcp-fleet',
      'a monitor of nothing',
      { 'serviceMonitor.enabled': true, 'metrics.service': false },
      'set metrics.service',
    ],
    [
      'mcp-fleet',
      'a ServiceAccount that nobody makes',
      { 'serviceAccount.create': false },
      'set serviceAccount.name to one that exists',
    ],
    ['mcp-fleet-crds', 'a misspelt value', { keeep: true }, "'keeep'"],
  ])('%s refuses %s', async (chart, _, values, sentence) => {
    await expect(helmTemplate(helm, chart, values)).rejects.toThrow(sentence);
  });

  test('both may be parts of another chart, which gives them a global', async () => {
    for (const chart of ['mcp-fleet', 'mcp-fleet-crds'])
      expect(await helmTemplate(helm, chart, { global: { any: 1 } })).toContain('kind:');
  });
});
