/**
 * The Job that examines one server with the conformance suite, once: a restricted pod without a token that talks to the
 * server's Service and leaves its result as its termination message. Must not know what the suite asks.
 */
import { hash } from 'node:crypto';
import { GROUP } from '#crds/group.ts';
import { apiVersionOf, type KubeObject, type Resource } from '#operator/kit/object.ts';
import type { PodSpec, PodTemplateSpec, WorkloadCondition } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { APPLICATION_LABEL, INSTANCE_LABEL, MANAGER, MANAGER_LABEL } from '#operator/workload/labels.ts';
import { type Mounted, volumeMounts } from '#operator/workload/mounts.ts';
import { placement } from '#operator/workload/placement.ts';
import { containerSecurityContext, podSecurityContext } from '#operator/workload/security.ts';
import { childMetadata, serviceUrl } from '../names.ts';

/** On an McpServer: asks for an examination. Each new value asks for another. On a Job: what asked for it. */
export const VERIFY_ANNOTATION = `${GROUP}/verify-conformance`;
/** On a Job: the image that the server ran when it began. */
export const EXAMINED_IMAGE_ANNOTATION = `${GROUP}/examined-image`;
/** Not that of servers, whose Service would send calls to the pod. */
export const EXAMINER = 'mcp-conformance';
export const EXAMINER_SELECTOR = `${APPLICATION_LABEL}=${EXAMINER},${MANAGER_LABEL}=${MANAGER}`;

export const DEADLINE_SECONDS = 600;
/** How long its log can be read afterwards. */
const KEPT_SECONDS = 3600;
/** Serves the fixtures that most scenarios need. */
const FIXTURES = 'everything';

/** Which scenarios a server is asked, as the image with the suite calls them. */
export const scenariosOf = ({ spec }: CachedMcpServer): 'fixtures' | 'plain' =>
  spec.toolsets.some(({ name }) => name === FIXTURES) ? 'fixtures' : 'plain';

export interface Job extends KubeObject {
  readonly spec: {
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds: number;
    readonly ttlSecondsAfterFinished: number;
    readonly template: PodTemplateSpec & { readonly spec: PodSpec & { readonly restartPolicy: 'Never' } };
  };
  readonly status?: { readonly conditions?: readonly WorkloadCondition[] };
}

export const jobs: Resource<Job> = { group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true };

export interface JobInputs {
  /** Value of the annotation. */
  readonly request: string;
  /** Image with the suite. */
  readonly image: string;
  /** Image that the server runs. */
  readonly examined: string;
}

/**
 * Each request has a Job of its own, also when a value comes again after another was answered. A Job's name is a label
 * of its pods, which leaves few characters.
 */
function suffixOf({ metadata, status }: CachedMcpServer, request: string): `-${string}` {
  const asked = [metadata.uid, status?.conformance?.time ?? '', request].join('/');
  return `-verify-${hash('sha256', asked).slice(0, 5)}`;
}

export const jobName = (server: CachedMcpServer, request: string): string =>
  `${server.metadata.name}${suffixOf(server, request)}`;

export function conformanceJob(server: CachedMcpServer, { request, image, examined }: JobInputs): Job {
  const labels = {
    [APPLICATION_LABEL]: EXAMINER,
    [INSTANCE_LABEL]: server.metadata.name,
    [MANAGER_LABEL]: MANAGER,
  };
  const annotations = { [VERIFY_ANNOTATION]: request, [EXAMINED_IMAGE_ANNOTATION]: examined };
  return {
    apiVersion: apiVersionOf(jobs),
    kind: jobs.kind,
    metadata: { ...childMetadata(server, suffixOf(server, request)), labels, annotations },
    spec: {
      // A second try would hide what the first one found.
      backoffLimit: 0,
      activeDeadlineSeconds: DEADLINE_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: { metadata: { labels }, spec: { ...podSpec(server, image), restartPolicy: 'Never' } },
    },
  };
}

const TMP: readonly Mounted[] = [{ volume: { name: 'tmp', emptyDir: {} }, mountPath: '/tmp', readOnly: false }];

function podSpec(server: CachedMcpServer, image: string): PodSpec {
  const { imagePullSecrets = [], imagePullPolicy, scheduling } = server.spec;
  const { nodeSelector, tolerations } = scheduling ?? {};
  return {
    serviceAccountName: server.metadata.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurityContext(),
    ...(imagePullSecrets.length === 0 ? {} : { imagePullSecrets }),
    ...placement({ nodeSelector, tolerations }, undefined),
    containers: [
      {
        name: 'conformance',
        image,
        imagePullPolicy,
        args: ['--url', serviceUrl(server), '--scenarios', scenariosOf(server)],
        resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        securityContext: containerSecurityContext({ readOnlyRootFilesystem: true }),
        volumeMounts: volumeMounts(TMP),
      },
    ],
    volumes: TMP.map(({ volume }) => volume),
  };
}
