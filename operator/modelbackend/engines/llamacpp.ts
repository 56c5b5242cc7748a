/**
 * llama.cpp's own server. Flags are those of `llama-server`; see
 * https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
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

/** More layers than any model has: all of them go to the device. */
const ALL_LAYERS = '999';

export const llamaCpp: Engine = (managed, models) => {
  const port = managed.port ?? 8080;
  const path = modelPath(managed.source);
  const repository = managed.source?.uri === undefined ? '' : huggingFace(managed.source.uri).repository;
  return {
    args: [
      ...(path === undefined ? ['--hf-repo', repository] : ['--model', path]),
      '--alias',
      upstreamName(onlyModel(models)),
      '--host',
      '0.0.0.0',
      '--port',
      String(port),
      '--metrics',
      ...(managed.accelerator ? ['--n-gpu-layers', ALL_LAYERS] : []),
    ],
    port,
    env: [{ name: 'LLAMA_CACHE', value: `${CACHE_FOLDER}/llama.cpp` }, ...downloadCredentials(managed.source)],
    probe: httpProbe('/health'),
  };
};
