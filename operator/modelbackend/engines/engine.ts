/**
 * What differs between model engines: how one is started, where it listens, and what tells that its server is up.
 * Everything else of a pod is the same for all. Pure: an engine sees the spec and says what to run.
 */
import type { ModelBackendSpec } from '#crds/modelbackend-status.ts';
import type { EnvVar, Probe } from '#operator/kit/wire.ts';

export type Managed = NonNullable<ModelBackendSpec['managed']>;
type Auth = ModelBackendSpec['auth'];

/** Folders that every engine finds in its pod. */
export const MODELS_FOLDER = '/models';
export const CACHE_FOLDER = '/cache';

/** The part of a spec by which an engine is started. */
export interface EngineSpec extends Pick<ModelBackendSpec, 'models' | 'auth'> {
  readonly managed: Managed;
}

export interface Launch {
  /** Replaces the entry point of the image, where the image's own cannot be relied on. */
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly port: number;
  readonly env: readonly EnvVar[];
  /** Whether the server is up. That the model answers is for the prober to find out. */
  readonly probe: Probe;
}

export type Engine = (spec: EngineSpec) => Launch;

/** Name under which an engine that serves one model offers it; the schema's rules see to it that there is one. */
export function servedName([model]: EngineSpec['models']): string {
  if (model === undefined) throw new TypeError('a ModelBackend without models cannot have been accepted');
  return model.upstreamName ?? model.name;
}

/** Whether the models turn texts into vectors and do nothing else. */
export const embeds = (models: EngineSpec['models']): boolean =>
  models.every(({ tasks }) => tasks.includes('Embedding'));

/** `hf://organisation/model@revision` in its parts. */
export function huggingFace(uri: string): { readonly repository: string; readonly revision: string | undefined } {
  const [repository = '', revision] = uri.slice('hf://'.length).split('@');
  return { repository, revision };
}

/** Path of a model that is on a volume or in the image; undefined for one that is downloaded. */
export function modelPath(source: Managed['source']): string | undefined {
  if (source?.persistentVolumeClaim) return `${MODELS_FOLDER}/${source.persistentVolumeClaim.path}`;
  return source?.builtin?.path;
}

/** Where downloads go and the token for them, under the names that Hugging Face's libraries read. */
export function download(source: Managed['source']): readonly EnvVar[] {
  if (source?.uri === undefined) return [];
  const token = source.credentialsSecretRef;
  return [
    { name: 'HF_HOME', value: `${CACHE_FOLDER}/huggingface` },
    ...(token === undefined ? [] : [{ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { ...token } } }]),
  ];
}

/** The key that requests will carry, under the name by which the engine learns it. */
export function apiKey(name: string, { secretRef }: Auth): readonly EnvVar[] {
  return secretRef === undefined ? [] : [{ name, valueFrom: { secretKeyRef: { ...secretRef } } }];
}

export const httpProbe = (path: string): Probe => ({ httpGet: { path, port: 'http', scheme: 'HTTP' } });
