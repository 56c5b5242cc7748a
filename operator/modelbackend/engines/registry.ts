/**
 * The engines by the name that `spec.managed.engine` gives them.
 */
import { custom } from './custom.ts';
import type { Engine, EngineSpec, Launch, Managed } from './engine.ts';
import { llamaCpp } from './llamacpp.ts';
import { vllm } from './vllm.ts';

const ENGINES = { VLLM: vllm, LlamaCpp: llamaCpp, Custom: custom } as const satisfies Record<Managed['engine'], Engine>;

export const launch = (spec: EngineSpec): Launch => ENGINES[spec.managed.engine](spec);
