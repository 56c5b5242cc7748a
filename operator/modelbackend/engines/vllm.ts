/**
 * vLLM's OpenAI server. Flags are those of `vllm serve`; see
 * https://docs.vllm.ai/en/latest/cli/serve.html.
 */
import {
  CACHE_FOLDER,
  downloadCredentials,
  type Engine,
  httpProbe,
  huggingFace,
  modelPath,
  onlyModel,
  upstreamName,
} from './engine.ts';

export const vllm: Engine = (managed, models) => {
  const port = managed.port ?? 8000;
  const download = managed.source?.uri === undefined ? undefined : huggingFace(managed.source.uri);
  const model = modelPath(managed.source) ?? download?.repository ?? '';
  const devices = managed.accelerator?.count ?? 1;
  return {
    // Images before 0.11 start a module that takes the model as a flag; the command line is the same in all.
    command: ['vllm', 'serve'],
    args: [
      model,
      '--served-model-name',
      upstreamName(onlyModel(models)),
      '--host',
      '0.0.0.0',
      '--port',
      String(port),
      ...(download?.revision === undefined ? [] : ['--revision', download.revision]),
      ...(devices > 1 ? ['--tensor-parallel-size', String(devices)] : []),
    ],
    port,
    env: [
      { name: 'HF_HOME', value: `${CACHE_FOLDER}/huggingface` },
      { name: 'VLLM_CACHE_ROOT', value: `${CACHE_FOLDER}/vllm` },
      { name: 'TRITON_CACHE_DIR', value: `${CACHE_FOLDER}/triton` },
      ...downloadCredentials(managed.source),
    ],
    probe: httpProbe('/health'),
  };
};
