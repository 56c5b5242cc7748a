/**
 * Where pods may run and what they get there: scheduling and accelerator joined into the fields of a pod, and the
 * resources of its container with the devices among the limits. Must not know who asked.
 */
import type { Accelerator, Scheduling } from '#crds/parts.ts';
import { canonicalQuantity } from '#operator/kit/quantity.ts';
import type { PodSpec, ResourceRequirements } from '#operator/kit/wire.ts';

type Placement = Pick<
  PodSpec,
  'nodeSelector' | 'tolerations' | 'affinity' | 'topologySpreadConstraints' | 'priorityClassName' | 'runtimeClassName'
>;

/** On the same node label, what the accelerator asks for wins: without its node there is no device. */
export function placement(scheduling: Scheduling | undefined, accelerator: Accelerator | undefined): Placement {
  const { affinity, topologySpreadConstraints, priorityClassName, runtimeClassName } = scheduling ?? {};
  const nodeSelector = { ...scheduling?.nodeSelector, ...accelerator?.nodeSelector };
  const tolerations = [...(scheduling?.tolerations ?? []), ...(accelerator?.tolerations ?? [])].map(defined);
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(topologySpreadConstraints === undefined || topologySpreadConstraints.length === 0
      ? {}
      : { topologySpreadConstraints }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
  };
}

type Defined<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Defined<T>;

interface Amounts {
  readonly requests?: Readonly<Record<string, string>> | undefined;
  readonly limits?: Readonly<Record<string, string>> | undefined;
}

/** Devices are whole, so a limit says all; the API server sets the equal request by itself. */
export function containerResources(amounts: Amounts, accelerator?: Accelerator): ResourceRequirements {
  const devices = accelerator === undefined ? {} : { [accelerator.resourceName]: String(accelerator.count) };
  const requests = canonical({ ...amounts.requests });
  const limits = canonical({ ...amounts.limits, ...devices });
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

const canonical = (amounts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, canonicalQuantity(amount)]));
