/**
 * What the caches keep of the Jobs that examine servers and of their pods: whose they are, whether they have ended, and
 * what the suite said. What a pod says comes from outside and is bounded here.
 */
import { z } from 'zod';
import { MAX_FAILED_SCENARIOS } from '#crds/mcpserver-status.ts';
import { parseJson } from '#models/json.ts';
import type { Manager } from '#operator/kit/manager.ts';
import type { Cached } from '#operator/kit/object.ts';
import { type CachedChild, cachedMeta, childProjection } from '#operator/kit/projection.ts';
import { pods } from '#operator/kit/resources.ts';
import type { Pod } from '#operator/kit/wire.ts';
import { INSTANCE_LABEL } from '#operator/workload/labels.ts';
import { type PodProblem, projectPod } from '#operator/workload/pods.ts';
import { printable } from '#operator/workload/printable.ts';
import { EXAMINER_SELECTOR, type Job, jobs } from './job.ts';

export interface CachedJob extends CachedChild {
  readonly ended: boolean;
  /** Reason of its failure; '' where it has none. */
  readonly failure: string;
}

export interface Counts {
  readonly version: string;
  readonly passed: number;
  readonly total: number;
  readonly failed: readonly string[];
}

export interface CachedExaminer extends Cached {
  readonly problem?: PodProblem;
  readonly end?: { readonly exitCode: number; readonly counts?: Counts; readonly words: string };
}

const FINISHED = new Set(['Complete', 'Failed']);

export const projectJob: (job: Job) => CachedJob = childProjection(({ status }: Job) => {
  const holding = status?.conditions?.filter((condition) => condition.status === 'True') ?? [];
  return {
    ended: holding.some(({ type }) => FINISHED.has(type)),
    failure: printable(holding.find(({ type }) => type === 'Failed')?.reason ?? '', 64),
  };
});

export function projectExaminer(pod: Pod): CachedExaminer {
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
  const { problem } = projectPod(pod);
  if (ended === undefined) return { metadata: cachedMeta(pod), ...(problem === undefined ? {} : { problem }) };
  const counts = countsIn(ended.message ?? '');
  const words = printable(ended.message ?? '', 200);
  return {
    metadata: cachedMeta(pod),
    end: { exitCode: ended.exitCode, words, ...(counts === undefined ? {} : { counts }) },
  };
}

const amount = z.int().min(0).max(10_000);
const message = z.object({
  version: z.string().transform((text) => printable(text, 128)),
  passed: amount,
  total: amount,
  failed: z
    .array(z.string().transform((text) => printable(text, 128)))
    .transform((all) => all.slice(0, MAX_FAILED_SCENARIOS)),
});

/** Undefined where the text is no result. */
function countsIn(text: string): Counts | undefined {
  const { data } = message.safeParse(parseJson(text));
  return data !== undefined && data.passed <= data.total ? data : undefined;
}

/** Jobs and their pods, by the server that they are about. */
export const EXAMINED_INDEX = 'examined';
const examined = ({ metadata }: Cached): readonly string[] => {
  const { [INSTANCE_LABEL]: name } = metadata.labels;
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
};

export function conformanceInformers(manager: Manager) {
  const selection = { labelSelector: EXAMINER_SELECTOR, indices: { [EXAMINED_INDEX]: examined } };
  return {
    jobs: manager.informer(jobs, projectJob, selection),
    examiners: manager.informer(pods, projectExaminer, selection),
  };
}
