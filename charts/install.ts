/**
 * `manifests/install.yaml`, for those who install without Helm: what the charts render to, without what only Helm reads.
 * The charts are the one source; `charts.test.ts` compares the file with this and writes it with `vitest -u`.
 */
import { stringify } from 'yaml';
import type { KubeObject } from './helm.testing.ts';

const namespace: KubeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'mcp-fleet-system', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
};

const head = `# The custom resources and the operator: kubectl apply --server-side -f manifests/install.yaml
# Made of the charts by \`npx vitest run --project unit charts -u\`; edit those.
`;

export function installManifest(rendered: readonly KubeObject[]): string {
  return (
    head +
    [namespace, ...rendered.map(withoutHelm)]
      .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join('---\n')
  );
}

function withoutHelm(object: KubeObject): KubeObject {
  const { labels, ...metadata } = object.metadata;
  const kept = Object.entries(labels ?? {}).filter(
    ([name]) => name !== 'app.kubernetes.io/managed-by' && !name.startsWith('helm.sh/'),
  );
  return { ...object, metadata: { ...metadata, ...(kept.length > 0 && { labels: Object.fromEntries(kept) }) } };
}
