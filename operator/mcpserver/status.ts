/**
 * The status of an McpServer as a pure function of what was observed. What only a serving pod can tell – tools, version
 * – stays while none serves, so that a restart does not look like a change of tools.
 */
import type { McpServerConditionType, McpServerStatus } from '#crds/mcpserver-status.ts';
import { conditionsOf } from '#operator/workload/conditions.ts';
import { selectorText } from '#operator/workload/labels.ts';
import { servingPods, stayingPods } from '#operator/workload/pods.ts';
import { acceptance } from '#operator/workload/problem.ts';
import type { Verdict } from '#operator/workload/verdict.ts';
import { publicUrl } from '#server/config-from-spec.ts';
import { backendState } from './backends.ts';
import { available } from './conditions/available.ts';
import { backendsReady } from './conditions/backendsready.ts';
import { degraded } from './conditions/degraded.ts';
import { exposed } from './conditions/exposed.ts';
import { progressing } from './conditions/progressing.ts';
import { ready } from './conditions/ready.ts';
import type { Situation } from './conditions/situation.ts';
import { verified } from './conditions/verified.ts';
import { serviceUrl, workloadOf } from './names.ts';

/** `now` is RFC 3339. */
export function status(situation: Situation, now: string): McpServerStatus {
  const { server, observed, previous } = situation;
  const address = serviceUrl(server);
  const url = publicUrl(server.spec) ?? address;
  const backends = observed.backends.map(backendState);
  return {
    observedGeneration: server.metadata.generation,
    url,
    address,
    replicas: stayingPods(observed.pods).length,
    readyReplicas: servingPods(observed.pods).length,
    selector: selectorText(workloadOf(server)),
    ...program(situation),
    ...(backends.length === 0 ? {} : { backends }),
    ...conformance(situation, now),
    conditions: conditionsOf(verdicts(situation, url), server.metadata.generation, previous?.conditions, now),
  };
}

type Verdicts = Readonly<Record<McpServerConditionType, Verdict>>;

function verdicts(situation: Situation, url: string): Verdicts {
  const prerequisites = {
    accepted: acceptance(situation.problems),
    available: available(situation),
    verified: verified(situation),
    exposed: exposed(situation),
  };
  return {
    Accepted: prerequisites.accepted,
    Available: prerequisites.available,
    BackendsReady: backendsReady(situation),
    Exposed: prerequisites.exposed,
    Verified: prerequisites.verified,
    Progressing: progressing(situation),
    Degraded: degraded(situation),
    Ready: ready(prerequisites, url),
  };
}

/** The last result stands until another request has one. */
function conformance({ examined, previous }: Situation, now: string): Pick<McpServerStatus, 'conformance'> {
  const last = previous?.conformance;
  if (examined !== undefined && examined.request !== last?.request) return { conformance: { ...examined, time: now } };
  return last === undefined ? {} : { conformance: last };
}

/** What the running program said of itself. */
function program({ observed, previous }: Situation): Pick<McpServerStatus, 'version' | 'protocol' | 'tools'> {
  const { finding } = observed;
  if (finding?.outcome === 'Answered') {
    const { version, versions, serverName, tools } = finding;
    return {
      ...(version === '' ? {} : { version }),
      protocol: { versions: [...versions], serverName },
      ...(tools.length === 0 ? {} : { tools: [...tools] }),
    };
  }
  // What it was before somebody asked for tokens may be over.
  if (finding?.outcome === 'Guarded') return {};
  const { version, protocol, tools } = previous ?? {};
  return {
    ...(version === undefined ? {} : { version }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(tools === undefined ? {} : { tools }),
  };
}
