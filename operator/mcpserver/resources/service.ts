/**
 * The address of a server within the cluster: port 80, to whichever pod is ready. Any pod may answer any request, so
 * there is no affinity.
 */
import { apiVersionOf } from '#operator/kit/object.ts';
import { services } from '#operator/kit/resources.ts';
import type { Service } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { selectorLabels } from '#operator/workload/labels.ts';
import { childMetadata, PORTS, workloadOf } from '../names.ts';

export const service = (server: CachedMcpServer): Service => ({
  apiVersion: apiVersionOf(services),
  kind: services.kind,
  metadata: childMetadata(server),
  spec: {
    type: 'ClusterIP',
    selector: selectorLabels(workloadOf(server)),
    ports: [{ name: 'http', port: PORTS.service, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
  },
});
