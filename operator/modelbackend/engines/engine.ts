/**
 * What differs between model engines: how one is started, where it listens, and what
 * tells that its server is up. Everything else of a pod is the same for all. Pure: an
 * engine sees the spec and says what to run.
 */
import type { ModelBackendSpec } from '#crds/modelbackend-status.ts';
import type { EnvVar, Probe } from '#operator/kit/wire.ts';

export type Managed = NonNullable<ModelBackendSpec['managed']>;
export type Model = ModelBackendSpec['models'][number];

/** Folders that every engine finds in its pod. */
export const MODELS_FOLDER = '/models';
export const CACHE_FOLDER = '/cache';

export interface Plan {
  /** Replaces the entry point of the image, where the image's own cannot be relied on. */
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly port: number;
  readonly env: readonly EnvVar[];
  /** Whether the server is up. That the model answers is for the prober to find out. */
  readonly probe: Probe;
}

export type Engine = (managed: Managed, models: readonly Model[]) => Plan;

/** The one model of an engine that serves one; the schema's rules see to it that there is one. */
export function onlyModel(models: readonly Model[]): Model {
  const [model] = models;
  if (model === undefined) throw new TypeError('a ModelBackend without models cannot have been accepted');
  return model;
}

/** Name that the engine gives the model. */
export const upstreamName = (model: Model): string => model.upstreamName ?? model.name;

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

/** Token for downloads, under the name that Hugging Face's libraries and llama.cpp read. */
export function downloadCredentials(source: Managed['source']): readonly EnvVar[] {
  if (!source?.credentialsSecretRef) return [];
  return [{ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { ...source.credentialsSecretRef } } }];
}

export const httpProbe = (path: string): Probe => ({ httpGet: { path, port: 'http', scheme: 'HTTP' } });
