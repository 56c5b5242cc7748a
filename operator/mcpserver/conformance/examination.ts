/**
 * How far the examination of a server is that its annotation asks for: nothing to do, a Job due, or ended with what
 * belongs into the status. Pure; a request is answered once, and the status remembers which one that was.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Applier } from '#operator/kit/apply.ts';
import type { RequestOptions } from '#operator/kit/client.ts';
import { isForbidden, isInvalid } from '#operator/kit/errors.ts';
import { controllerOf } from '#operator/kit/object.ts';
import type { Store } from '#operator/kit/store.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { servingPods } from '#operator/workload/pods.ts';
import { printable } from '#operator/workload/printable.ts';
import type { Problem } from '#operator/workload/problem.ts';
import type { Observed } from '../observe.ts';
import type { CachedExaminer, CachedJob, Counts } from './caches.ts';
import {
  conformanceJob,
  DEADLINE_SECONDS,
  EXAMINED_IMAGE_ANNOTATION,
  type Job,
  jobName,
  jobs,
  scenariosOf,
  VERIFY_ANNOTATION,
} from './job.ts';

type Conformance = NonNullable<McpServerStatus['conformance']>;
/** What was found out, without the time at which that became known. */
export type Examined = Omit<Conformance, 'time'>;

export type Examination =
  | { readonly state: 'Idle' }
  | { readonly state: 'Due'; readonly job: Job }
  | { readonly state: 'Ended'; readonly examined: Examined };

const IDLE: Examination = { state: 'Idle' };
const MAX_REQUEST = 256;
const AGAIN = `give the annotation ${VERIFY_ANNOTATION} a new value`;

export interface ExaminationOptions {
  /** Image with the suite; undefined where the operator was given none. */
  readonly conformanceImage: string | undefined;
  /** Image of servers that name none. */
  readonly serverImage: string;
}

/** Starts what is due. Gives what is to be said, which may be that the API server takes no such Job. */
export async function advance(
  asked: Examination,
  applier: Pick<Applier, 'ensure'>,
  store: Store<CachedJob>,
  options: RequestOptions,
): Promise<Examined | undefined> {
  if (asked.state === 'Ended') return asked.examined;
  if (asked.state === 'Idle') return undefined;
  const { namespace = '', name, annotations } = asked.job.metadata;
  const request = printable(annotations?.[VERIFY_ANNOTATION] ?? '', MAX_REQUEST);
  try {
    const { outcome } = await applier.ensure(jobs, asked.job, store, { ...options, createOnly: true });
    return outcome === 'name-conflict' ? { request, message: taken(namespace, name) } : undefined;
  } catch (error) {
    if (!isInvalid(error) && !isForbidden(error)) throw error;
    const message = printable(
      `The API server refused Job ${namespace}/${name}: ${error.message}. Allow it, and ${AGAIN}.`,
    );
    return { request, message };
  }
}

const taken = (namespace: string, name: string): string =>
  `Job ${namespace}/${name} exists and is not of this server; remove it, and ${AGAIN}.`;

/** The request that has not been answered yet; undefined where there is none. */
function openRequest({ metadata, status }: CachedMcpServer): string | undefined {
  const request = metadata.annotations[VERIFY_ANNOTATION] ?? '';
  return request === '' || printable(request, MAX_REQUEST) === status?.conformance?.request ? undefined : request;
}

export function examination(
  server: CachedMcpServer,
  observed: Observed,
  problems: readonly Problem[],
  { conformanceImage, serverImage }: ExaminationOptions,
): Examination {
  const request = openRequest(server);
  if (request === undefined) return IDLE;
  const ended = (said: Omit<Examined, 'request'>): Examination => ({
    state: 'Ended',
    examined: { request: printable(request, MAX_REQUEST), ...said },
  });
  if (conformanceImage === undefined) return ended({ message: NO_IMAGE });
  if (server.spec.auth.type !== 'None') return ended({ message: `${NO_TOKEN} ${capitalised(AGAIN)} there.` });
  const allowed = server.spec.limits.requestsPerMinutePerCaller;
  const needed = REQUESTS_PER_MINUTE[scenariosOf(server)];
  if (allowed > 0 && allowed < needed) return ended({ message: tooFew(allowed, needed) });
  const name = jobName(server, request);
  const job = observed.jobs.find(({ metadata }) => metadata.name === name);
  if (job !== undefined) return endOf(server, job, observed.examiners, ended);
  const busy = observed.jobs.some((other) => !other.ended && controllerOf(other)?.uid === server.metadata.uid);
  if (busy || problems.some(({ blocking }) => blocking) || !isSettled(server, observed)) return IDLE;
  const examined = server.spec.image ?? serverImage;
  return { state: 'Due', job: conformanceJob(server, { request, image: conformanceImage, examined }) };
}

const NO_IMAGE =
  'The operator knows no image with the suite; set the value conformanceImage of its chart (MCP_FLEET_CONFORMANCE_IMAGE).';
const NO_TOKEN =
  'The suite has no token for this server; examine one with the same spec and image whose spec.auth.type is None.';

/**
 * The suite is one caller and waits for nothing. It sends 70 requests to a server without its fixtures and 540 to one
 * with them, within seconds; ten seconds' worth of a minute's budget may be spent at once.
 */
const REQUESTS_PER_MINUTE = { plain: 600, fixtures: 6000 };

const tooFew = (allowed: number, needed: number): string =>
  `The suite sends more requests than spec.limits.requestsPerMinutePerCaller, ${allowed}, lets one caller send; examine a server with the same spec and image where it is 0 or at least ${needed}. ${capitalised(AGAIN)} there.`;

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Whether all pods run what the spec says, and answer. */
function isSettled({ metadata, status }: CachedMcpServer, { deployment, pods, finding }: Observed): boolean {
  return (
    finding?.outcome === 'Answered' &&
    servingPods(pods).length > 0 &&
    status?.observedGeneration === metadata.generation &&
    deployment !== undefined &&
    deployment.observed &&
    deployment.updated === deployment.total
  );
}

function endOf(
  server: CachedMcpServer,
  job: CachedJob,
  examiners: readonly CachedExaminer[],
  ended: (said: Omit<Examined, 'request'>) => Examination,
): Examination {
  const { namespace, name } = job.metadata;
  if (controllerOf(job)?.uid !== server.metadata.uid) {
    return ended({ message: taken(namespace, name) });
  }
  const image = job.metadata.annotations[EXAMINED_IMAGE_ANNOTATION];
  const of = image === undefined ? {} : { image: printable(image, 512) };
  const pod = examiners.find((examiner) => controllerOf(examiner)?.uid === job.metadata.uid);
  if (pod?.end !== undefined) {
    const { counts, exitCode, words } = pod.end;
    const log = `kubectl logs -n ${namespace} ${pod.metadata.name}`;
    if (counts !== undefined && counts.total > 0) return ended({ ...of, ...found(counts), message: told(counts, log) });
    const said = words === '' ? '' : `: ${words}`;
    const message = `The suite ended without a result (exit code ${exitCode})${said}. See ${log}, and ${AGAIN}.`;
    return ended({ ...of, message: printable(message) });
  }
  if (pod?.problem?.reason === 'ImagePullFailed') {
    const message = `The image with the suite cannot be pulled: ${pod.problem.message}. Correct the value conformanceImage of the operator's chart, and ${AGAIN}.`;
    return ended({ ...of, message: printable(message) });
  }
  // A pod that is about to tell its end counts for more than the Job's verdict.
  if (!job.ended || (pod !== undefined && pod.metadata.deletionTimestamp === undefined)) return IDLE;
  const late = job.failure === 'DeadlineExceeded';
  const why = late
    ? `within ${DEADLINE_SECONDS / 60} minutes; could its pod run, and does the server answer?`
    : 'with a result.';
  return ended({
    ...of,
    message: `The suite did not end ${why} See kubectl describe -n ${namespace} job ${name}, and ${AGAIN}.`,
  });
}

const found = ({ failed, ...counts }: Counts): Omit<Examined, 'request' | 'message'> => ({
  ...counts,
  ...(failed.length === 0 ? {} : { failed: [...failed] }),
});

function told({ version, passed, total, failed }: Counts, log: string): string {
  if (passed === total) return `All ${total} scenarios of the suite ${version} passed.`;
  const names = failed.length === 0 ? '' : `: ${failed.join(', ')}`;
  const more = total - passed > failed.length && failed.length > 0 ? ' and others' : '';
  return printable(
    `${total - passed} of ${total} scenarios of the suite ${version} failed${names}${more}. See ${log}.`,
    1024,
  );
}
