import { expect, test } from 'vitest';
import type { ModelBackendInput } from '#crds/modelbackend-status.ts';
import { managed } from '../testing/fixtures.ts';
import type { EngineSpec } from './engine.ts';
import { launch } from './registry.ts';

type Spec = ModelBackendInput['spec'];

function launchOf(fields: Parameters<typeof managed>[0], spec: Partial<Spec> = {}) {
  return launch(managed(fields, spec).spec as EngineSpec);
}

const LISTEN = (port: string) => ['--host', '0.0.0.0', '--port', port];
const LLAMA = ['--alias', 'tiny', ...LISTEN('8080'), '--metrics'];
const VLLM = { engine: 'VLLM', source: { uri: 'hf://org/m' } } as const;
const CLAIM = { persistentVolumeClaim: { claimName: 'c', path: 'a/b.gguf' } };
const EMBEDDING = { models: [{ name: 'tiny', tasks: ['Embedding' as const] }] };
const UPSTREAM = { models: [{ name: 'tiny', upstreamName: 'org/Tiny' }] };

test.each([
  ['llama.cpp, model in the image', {}, {}, ['--model', '/models/tiny.gguf', ...LLAMA]],
  ['llama.cpp, model on a volume', { source: CLAIM }, {}, ['--model', '/models/a/b.gguf', ...LLAMA]],
  ['llama.cpp, model to download', { source: { uri: 'hf://org/m-gguf' } }, {}, ['--hf-repo', 'org/m-gguf', ...LLAMA]],
  [
    'llama.cpp on a device',
    { accelerator: {} },
    {},
    ['--model', '/models/tiny.gguf', ...LLAMA, '--n-gpu-layers', '999'],
  ],
  ['llama.cpp, embeddings', {}, EMBEDDING, ['--model', '/models/tiny.gguf', ...LLAMA, '--embeddings']],
  [
    'llama.cpp, another name and port',
    { port: 9000 },
    UPSTREAM,
    ['--model', '/models/tiny.gguf', '--alias', 'org/Tiny', ...LISTEN('9000'), '--metrics'],
  ],
  ['vLLM, model to download', VLLM, {}, ['org/m', '--served-model-name', 'tiny', ...LISTEN('8000')]],
  [
    'vLLM, a revision',
    { ...VLLM, source: { uri: 'hf://org/m@v2' } },
    {},
    ['org/m', '--served-model-name', 'tiny', ...LISTEN('8000'), '--revision', 'v2'],
  ],
  [
    'vLLM on four devices',
    { ...VLLM, accelerator: { count: 4 } },
    {},
    ['org/m', '--served-model-name', 'tiny', ...LISTEN('8000'), '--tensor-parallel-size', '4'],
  ],
  ['vLLM on one device', { ...VLLM, accelerator: {} }, {}, ['org/m', '--served-model-name', 'tiny', ...LISTEN('8000')]],
  [
    'vLLM, model on a volume',
    { ...VLLM, source: CLAIM },
    {},
    ['/models/a/b.gguf', '--served-model-name', 'tiny', ...LISTEN('8000')],
  ],
  [
    'vLLM, embeddings',
    VLLM,
    EMBEDDING,
    ['org/m', '--served-model-name', 'tiny', ...LISTEN('8000'), '--runner', 'pooling'],
  ],
  ['a custom engine', { engine: 'Custom', port: 9000 }, {}, []],
] as const)('arguments: %s', (_, fields, spec, args) => {
  expect(launchOf(fields as Parameters<typeof managed>[0], spec as Partial<Spec>).args).toEqual(args);
});

test.each([
  ['LlamaCpp', 'LLAMA_API_KEY'],
  ['VLLM', 'VLLM_API_KEY'],
  ['Custom', 'API_KEY'],
] as const)('%s gets the credential of requests as %s, as a reference', (engine, name) => {
  const secretRef = { name: 's', key: 'k' };
  const { env } = launchOf({ engine, port: 8000 }, { auth: { type: 'Bearer', secretRef } });
  expect(env).toContainEqual({ name, valueFrom: { secretKeyRef: secretRef } });
  expect(launchOf({ engine, port: 8000 }).env.map((variable) => variable.name)).not.toContain(name);
});

test.each(['LlamaCpp', 'VLLM', 'Custom'] as const)('%s keeps downloads in the cache, with the token', (engine) => {
  const credentialsSecretRef = { name: 's', key: 'k' };
  const { env } = launchOf({ engine, port: 8000, source: { uri: 'hf://a/b', credentialsSecretRef } });
  expect(env).toContainEqual({ name: 'HF_HOME', value: '/cache/huggingface' });
  expect(env).toContainEqual({ name: 'HF_TOKEN', valueFrom: { secretKeyRef: credentialsSecretRef } });
});

test.each([
  [{ source: { uri: 'hf://a/b@c' } }, 'hf://a/b@c'],
  [{ source: CLAIM }, '/models/a/b.gguf'],
  [{ source: { builtin: { path: '/weights' } } }, '/weights'],
  [{ source: undefined }, undefined],
])('a custom engine learns of %j as MODEL_PATH', (fields, path) => {
  const { env } = launchOf({ engine: 'Custom', port: 9000, ...fields });
  expect(env.find(({ name }) => name === 'MODEL_PATH')?.value).toBe(path);
  expect(env.find(({ name }) => name === 'PORT')?.value).toBe('9000');
});
