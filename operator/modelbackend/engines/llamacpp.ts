/**
 * llama.cpp's own server. Flags and variables are those of `llama-server`; see
 * https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
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

/** More layers than any model has: all of them go to the device. */
const ALL_LAYERS = '999';

export const llamaCpp: Engine = ({ managed, models, auth }) => {
  const port = managed.port ?? 8080;
  const path = modelPath(managed.source);
  return {
    args: [
      ...(path === undefined ? ['--hf-repo', huggingFace(managed.source?.uri ?? '').repository] : ['--model', path]),
      '--alias',
      servedName(models),
      '--host',
      '0.0.0.0',
      '--port',
      String(port),
      '--metrics',
      ...(managed.accelerator === undefined ? [] : ['--n-gpu-layers', ALL_LAYERS]),
      ...(embeds(models) ? ['--embeddings'] : []),
    ],
    port,
    env: [
      // Builds before the one that took up Hugging Face's cache have one of their own.
      { name: 'LLAMA_CACHE', value: `${CACHE_FOLDER}/llama.cpp` },
      ...apiKey('LLAMA_API_KEY', auth),
      ...download(managed.source),
    ],
    probe: httpProbe('/health'),
  };
};
