/**
 * The labels that tell what belongs to a workload: those its selector uses, which never change, and those all its
 * objects carry. Knows no kind of ours; a workload is two words.
 */

/** What runs: the application's name and the name of the custom resource that asked for it. */
export interface Workload {
  readonly application: 'mcp-server' | 'model-backend';
  readonly instance: string;
}

export const APPLICATION_LABEL = 'app.kubernetes.io/name';
export const INSTANCE_LABEL = 'app.kubernetes.io/instance';
export const MANAGER_LABEL = 'app.kubernetes.io/managed-by';
const COMPONENT_LABEL = 'app.kubernetes.io/component';
export const MANAGER = 'mcp-fleet';

const COMPONENT = { 'mcp-server': 'server', 'model-backend': 'engine' } as const;

type Labels = Readonly<Record<string, string>>;

/** A Deployment's selector is immutable, so nothing may be added here. */
export const selectorLabels = ({ application, instance }: Workload): Labels => ({
  [APPLICATION_LABEL]: application,
  [INSTANCE_LABEL]: instance,
});

export const workloadLabels = (workload: Workload): Labels => ({
  ...selectorLabels(workload),
  [COMPONENT_LABEL]: COMPONENT[workload.application],
  [MANAGER_LABEL]: MANAGER,
});

/** The selector as the scale sub-resource wants it. */
export const selectorText = (workload: Workload): string =>
  Object.entries(selectorLabels(workload))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** Labels of ours, which nobody may set to something else. */
export const isOwnLabel = (name: string): boolean =>
  [APPLICATION_LABEL, INSTANCE_LABEL, COMPONENT_LABEL, MANAGER_LABEL].includes(name);
