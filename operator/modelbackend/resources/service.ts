/**
 * The Service of an engine: one stable address, whatever pods there are.
 */
import { apiVersionOf, type ObjectMeta } from '#operator/kit/object.ts';
import { services } from '#operator/kit/resources.ts';
import type { Service } from '#operator/kit/wire.ts';
import { selectorLabels, type Workload } from '#operator/workload/labels.ts';

export function service(metadata: ObjectMeta, workload: Workload, port: number): Service {
  return {
    apiVersion: apiVersionOf(services),
    kind: services.kind,
    metadata,
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels(workload),
      ports: [{ name: 'http', port, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
    },
  };
}
