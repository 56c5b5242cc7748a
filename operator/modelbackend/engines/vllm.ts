/**
 * vLLM's OpenAI server. Flags are those of `vllm serve`, see https://docs.vllm.ai/en/latest/cli/serve.html; variables
 * those of https://docs.vllm.ai/en/latest/configuration/env_vars.html.
 */
import {
  apiKey,
  CACHE_FOLDER,
  download,
  type Engine,
  embeds,
  httpProbe,
  huggingFace,
  modelPath,
  servedName,
} from './engine.ts';

export const vllm: Engine = ({ managed, models, auth }) => {
  const port = managed.port ?? 8000;
  const remote = managed.source?.uri === undefined ? undefined : huggingFace(managed.source.uri);
  const model = modelPath(managed.source) ?? remote?.repository ?? '';
  const devices = managed.accelerator?.count ?? 1;
  return {
    // Images before 0.11 start a module that takes the model as a flag; the command line is the same in all.
    command: ['vllm', 'serve'],
    args: [
      model,
      '--served-model-name',
      servedName(models),
      '--host',
      '0.0.0.0',
      '--port',
      String(port),
      ...(remote?.revision === undefined ? [] : ['--revision', remote.revision]),
      ...(devices > 1 ? ['--tensor-parallel-size', String(devices)] : []),
      ...(embeds(models) ? ['--runner', 'pooling'] : []),
    ],
    port,
    env: [
      { name: 'VLLM_CACHE_ROOT', value: `${CACHE_FOLDER}/vllm` },
      { name: 'TRITON_CACHE_DIR', value: `${CACHE_FOLDER}/triton` },
      { name: 'TORCHINDUCTOR_CACHE_DIR', value: `${CACHE_FOLDER}/torchinductor` },
      // Writes a file and reports to the vLLM project.
      { name: 'VLLM_NO_USAGE_STATS', value: '1' },
      ...apiKey('VLLM_API_KEY', auth),
      ...download(managed.source),
    ],
    probe: httpProbe('/health'),
  };
};
