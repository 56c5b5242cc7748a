/** The engines by the name that `spec.managed.engine` gives them. */
import { custom } from './custom.ts';
import type { Engine, Managed } from './engine.ts';
import { llamaCpp } from './llamacpp.ts';
import { vllm } from './vllm.ts';

export const engines = { VLLM: vllm, LlamaCpp: llamaCpp, Custom: custom } as const satisfies Record<
  Managed['engine'],
  Engine
>;
