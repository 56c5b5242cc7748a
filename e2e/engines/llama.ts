/**
 * llama.cpp's server with the tiny model: as a process on loopback for tests, and as an image for a cluster. It answers
 * chat, completions and embeddings in OpenAI's shape; what it says is nonsense, the shape is exact.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { nonRoot, systemFiles } from '../../images/base.ts';
import { libraries } from '../../images/libraries.ts';
import { writeImage } from '../../images/oci.ts';
import { lastLines } from '../cluster/command.ts';
import type { Progress } from '../cluster/provider.ts';
import { buildLlamaServer } from './llama-build.ts';
import { contextLength, tinyModel } from './tiny-model.ts';

/** Where the image has its model. */
export const modelPath = '/models/tiny.gguf';
export const llamaImage = 'mcpfleet.local/llama-cpp:dev';

/** Settings of process and image alike; llama-server reads them where no flag says otherwise. */
const settings = {
  // Allowed beside chat, in spite of the flag's description.
  LLAMA_ARG_EMBEDDINGS: '1',
  LLAMA_ARG_N_PARALLEL: '4',
  // Shared by the parallel requests, each of which may have as many as the model.
  LLAMA_ARG_CTX_SIZE: String(4 * contextLength),
  // The longest text of an embeddings request, in tokens.
  LLAMA_ARG_BATCH: '4096',
  LLAMA_ARG_UBATCH: '4096',
  // MiB of old prompts kept; without it 8 GiB.
  LLAMA_ARG_CACHE_RAM: '32',
  LLAMA_ARG_THREADS: '1',
  LLAMA_ARG_UI: '0',
} as const;

export interface LlamaOptions {
  /** Of `places()`: where the program is or will be built. */
  readonly cache: string;
  /** Name under which `/v1/models` lists the model. */
  readonly alias: string;
  /** A free one if absent. */
  readonly port?: number;
  /** Asked of every request but `/health` and `/v1/models`. */
  readonly apiKey?: string;
  /** Tokens of one request; default and most 16 384. */
  readonly context?: number;
  readonly progress?: Progress;
}

export interface Llama {
  /** `http://127.0.0.1:<port>`, without `/v1`. */
  readonly url: string;
  readonly pid: number;
  /** Ends the process and removes its files; may be called again. */
  stop(): Promise<void>;
}

/** The program with its model in a folder, and how to start it; for those who start it elsewhere than here. */
export async function llamaProgram(options: LlamaOptions & { readonly host?: string }) {
  const { cache, alias, host = '127.0.0.1', port = 0, apiKey, context, progress } = options;
  const command = await buildLlamaServer(cache, progress ?? (() => undefined));
  const folder = await mkdtemp(join(tmpdir(), 'llama-'));
  const model = join(folder, 'tiny.gguf');
  await writeFile(model, tinyModel());
  const args = ['--model', model, '--alias', alias, '--host', host, '--port', String(port), '--metrics'];
  if (context) args.push('--kv-unified-per-slot', String(context));
  return { command, args, env: { ...settings, ...(apiKey && { LLAMA_API_KEY: apiKey }) }, folder };
}

/** Resolves once `/health` says 200; throws with the end of the log when the process ends before. */
export async function startLlama(options: LlamaOptions): Promise<Llama> {
  const { command, args, env, folder } = await llamaProgram(options);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5000);
    if (child.exitCode === null && child.signalCode === null) await exited;
    clearTimeout(late);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await listening(child.stderr);
    const health = await fetch(`${url}/health`);
    if (!health.ok) throw new Error(`llama-server listens, but its health is ${health.status}: ${await health.text()}`);
    return { url, pid: child.pid as number, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address out of the log, which says it after the model is loaded. The log is read on, or the process would block. */
function listening(log: Readable): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    log.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
      const url = /listening on (http:\/\/\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
    log.once('close', () => reject(new Error(`llama-server ended before it was ready:\n${lastLines(said, 12)}`)));
  });
}

/** Writes the image; its entry point takes llama-server's flags and has the model at `modelPath`. */
export async function writeLlamaImage(
  outFile: string,
  { cache, progress }: { readonly cache: string; readonly progress: Progress },
): Promise<{ readonly name: string; readonly file: string; readonly digest: string }> {
  const program = await buildLlamaServer(cache, progress);
  const { digest } = await writeImage(
    {
      name: llamaImage,
      layers: [
        { files: [...systemFiles, ...(await libraries(program))] },
        { files: [{ path: '/usr/local/bin/llama-server', source: program, mode: 0o755 }] },
        { files: [{ path: modelPath, data: tinyModel() }] },
      ],
      config: {
        entrypoint: ['/usr/local/bin/llama-server'],
        cmd: ['--model', modelPath, '--alias', 'tiny', '--host', '0.0.0.0', '--port', '8080'],
        env: settings,
        user: `${nonRoot}:${nonRoot}`,
        workingDir: '/',
      },
    },
    outFile,
  );
  return { name: llamaImage, file: outFile, digest };
}
