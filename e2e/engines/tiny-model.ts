/**
 * A language model of one megabyte with made-up weights, for tests that want a real engine and no download. Its text is
 * one sentence and its JSON is short, because the next token depends on the one before by a table (`preferences`) and
 * only a little on the rest of the prompt; whatever a grammar allows, an answer comes to an end. Nothing here knows an engine.
 *
 * How a table becomes a transformer: the embedding of a token is a one in its own dimension. The layer adds a little
 * noise made of the whole context, so that equal choices fall differently for different prompts. The output matrix is the table.
 */
import { gguf, type Tensor } from './gguf.ts';

/** What the model says when nothing else is asked; also the content of each free string of a structured answer. */
export const sentence = 'Said by a tiny test model.';

/** Tokens. A prompt takes about one for each byte, since there are no words but those of the sentence. */
export const contextLength = 16384;

const words = sentence.split(' ').map((word, at) => (at === 0 ? word : `▁${word}`));
/** Opens a string and begins the sentence in one token, so that it differs from the quote that closes a string. */
const opening = `"${words[0]}`;
/** A space and a first word: how the sentence begins again where a string has a minimal length. */
const again = `▁${words[0]}`;
const special = ['<unk>', '<s>', '</s>'];
const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const tokens = [...special, ...bytes, '▁', ...words, opening, again];
const endOfText = 2;

const headSize = 32;
const hidden = 32;
/** One dimension for each token, and a multiple of what vector units take at once. */
const width = Math.ceil(tokens.length / 32) * 32;

/** The file's bytes, the same each time. */
export function tinyModel(): Buffer {
  const random = seeded(42);
  const noise = (inputs: number, outputs: number, scale: number) =>
    Float32Array.from({ length: inputs * outputs }, () => scale * (2 * random() - 1));
  const nudge = (inputs: number, outputs: number, scale: number) => balanced(noise(inputs, outputs, scale), inputs);
  const matrix = (name: string, inputs: number, outputs: number, data: Float32Array): Tensor => ({
    name,
    shape: [inputs, outputs],
    data,
  });
  const norm = (name: string): Tensor => ({ name, shape: [width], data: new Float32Array(width).fill(1) });
  const n = tokens.length;
  return gguf(metadata(), [
    matrix('token_embd.weight', width, n, identity()),
    norm('blk.0.attn_norm.weight'),
    matrix('blk.0.attn_q.weight', width, headSize, noise(width, headSize, 0.1)),
    matrix('blk.0.attn_k.weight', width, headSize, noise(width, headSize, 0.1)),
    matrix('blk.0.attn_v.weight', width, headSize, noise(width, headSize, 0.1)),
    matrix('blk.0.attn_output.weight', headSize, width, nudge(headSize, width, 0.005)),
    norm('blk.0.ffn_norm.weight'),
    matrix('blk.0.ffn_gate.weight', width, hidden, noise(width, hidden, 0.1)),
    matrix('blk.0.ffn_up.weight', width, hidden, noise(width, hidden, 0.1)),
    matrix('blk.0.ffn_down.weight', hidden, width, nudge(hidden, width, 0.002)),
    norm('output_norm.weight'),
    matrix('output.weight', width, n, table(noise(width, n, 1))),
  ]);
}

function metadata() {
  return {
    'general.architecture': { string: 'llama' },
    'general.name': { string: 'tiny' },
    'general.file_type': { uint32: 0 },
    'llama.context_length': { uint32: contextLength },
    'llama.embedding_length': { uint32: width },
    'llama.block_count': { uint32: 1 },
    'llama.feed_forward_length': { uint32: hidden },
    'llama.attention.head_count': { uint32: 1 },
    'llama.attention.key_length': { uint32: headSize },
    'llama.attention.value_length': { uint32: headSize },
    'llama.rope.dimension_count': { uint32: headSize },
    'llama.attention.layer_norm_rms_epsilon': { float32: 1e-5 },
    // Mean: without it an embeddings request gives one vector for each token.
    'llama.pooling_type': { uint32: 1 },
    'tokenizer.ggml.model': { string: 'llama' },
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.scores': { float32s: tokens.map(() => 0) },
    // 2 unknown, 3 control, 6 byte, 1 normal.
    'tokenizer.ggml.token_type': {
      int32s: tokens.map((_, id) => (id === 0 ? 2 : id < special.length ? 3 : id < special.length + 256 ? 6 : 1)),
    },
    'tokenizer.ggml.unknown_token_id': { uint32: 0 },
    'tokenizer.ggml.bos_token_id': { uint32: 1 },
    'tokenizer.ggml.eos_token_id': { uint32: endOfText },
    'tokenizer.chat_template': {
      string: '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:',
    },
  };
}

/**
 * How much a token is wanted after another. Closing goes before continuing, so lists have the fewest items and numbers the
 * fewest digits; white space comes last, since a grammar allows any amount of it.
 */
function preferences(): (previous: string, next: string) => number {
  const follows = new Map(words.slice(1).map((word, at) => [word, words[at] as string]));
  const last = words.at(-1);
  return (previous, next) => {
    const before = previous === opening || previous === again ? words[0] : previous;
    if (follows.get(next) === before) return 12;
    if (before === last) return { '</s>': 11, '"': 10, [again]: 9 }[next] ?? 0;
    if (next === words[0]) return 8;
    if (next === opening) return 7;
    if (next === '}' || next === ']') return 6;
    if (next === ',' || next === '"') return 5;
    if (next === '</s>') return 4;
    if (/^[0-9]$/.test(next)) return 1;
    return printable(next) ? 0 : -8;
  };
}

function printable(token: string): boolean {
  return token.length === 1 && token > ' ' && token <= '~';
}

function identity(): Float32Array {
  const data = new Float32Array(width * tokens.length);
  for (let id = 0; id < tokens.length; id++) data[id * width + id] = 1;
  return data;
}

/**
 * Takes from each column its mean. A change of all dimensions by one amount would weigh against every token that is wanted
 * everywhere, and a prompt of one letter many times over would break the sentence.
 */
function balanced(data: Float32Array, inputs: number): Float32Array {
  const outputs = data.length / inputs;
  for (let column = 0; column < inputs; column++) {
    let sum = 0;
    for (let row = 0; row < outputs; row++) sum += data[row * inputs + column] as number;
    for (let row = 0; row < outputs; row++)
      data[row * inputs + column] = (data[row * inputs + column] as number) - sum / outputs;
  }
  return data;
}

/** `ties` decides between tokens that are wanted equally; it must be small beside a step of the preferences. */
function table(ties: Float32Array): Float32Array {
  const step = 4;
  const wanted = preferences();
  const shown = tokens
    .map((token) => /^<0x(..)>$/.exec(token)?.[1])
    .map((hex, id) => (hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (tokens[id] as string)));
  const data = ties;
  shown.forEach((next, row) => {
    shown.forEach((previous, column) => {
      // The last norm scales a single one to the square root of the width.
      const at = row * width + column;
      data[at] = (step * wanted(previous, next) + (ties[at] as number)) / Math.sqrt(width);
    });
  });
  return data;
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
