/**
 * A backend of each engine with what can be asked of it, for tests of what is made of them.
 */
import type { ModelBackendObject } from '#operator/workload/customresources.ts';
import { managed } from './fixtures.ts';

const GPU = {
  nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' as const }],
};
export const VLLM = { engine: 'VLLM', image: 'vllm/vllm-openai:v0.11.0' } as const;
export const TOKEN = { name: 'hugging-face', key: 'token' };
export const DOWNLOAD = { uri: 'hf://meta-llama/Llama-3.1-8B@main', credentialsSecretRef: TOKEN };
export const KEY = { auth: { type: 'Bearer', secretRef: { name: 'api-key', key: 'token' } } } as const;

export const SPECS: readonly (readonly [name: string, backend: ModelBackendObject])[] = [
  ['llamacpp-minimal', managed()],
  [
    'llamacpp-claim-with-key',
    managed({ source: { persistentVolumeClaim: { claimName: 'models', path: 'qwen/q4.gguf' } } }, KEY),
  ],
  ['llamacpp-one-gpu', managed({ accelerator: GPU, args: ['--ctx-size', '8192'] })],
  ['vllm-minimal', managed({ ...VLLM, source: { uri: 'hf://org/model' } })],
  [
    'vllm-two-gpus-cache-autoscaling',
    managed({
      ...VLLM,
      source: DOWNLOAD,
      cache: { size: '100Gi', storageClassName: 'shared', accessMode: 'ReadWriteMany' },
      accelerator: { count: 2, ...GPU },
      resources: { requests: { cpu: '4', memory: '24Gi' }, limits: { memory: '24Gi' } },
      autoscaling: { minReplicas: 1, maxReplicas: 4, memory: 80 },
      rollout: { maxSurge: 0 },
    }),
  ],
  [
    'vllm-cache-for-one-pod',
    managed({ ...VLLM, source: DOWNLOAD, cache: { size: '50Gi', retain: false }, sharedMemory: '8Gi' }, KEY),
  ],
  ['custom-minimal', managed({ engine: 'Custom', port: 9000, source: undefined, drain: { preStop: '0s' } })],
  [
    'custom-scheduled',
    managed(
      {
        engine: 'Custom',
        port: 9000,
        source: DOWNLOAD,
        replicas: 3,
        env: [
          { name: 'LOG', value: 'debug' },
          { name: 'LICENCE', secretKeyRef: { name: 'licence', key: 'text' } },
        ],
        scheduling: {
          nodeSelector: { pool: 'models' },
          tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'models', effect: 'NoSchedule' }],
          priorityClassName: 'high',
          runtimeClassName: 'gvisor',
        },
        startupTimeout: '5m',
        podDisruptionBudget: { maxUnavailable: 2 },
      },
      KEY,
    ),
  ],
];
