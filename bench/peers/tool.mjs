/**
 * The one tool that every peer offers: it gives a text back, as structured content and as the same JSON in text. The
 * product's own echo tool in the benchmarks answers the same bytes.
 */
import { z } from 'zod';

export const input = z.object({ text: z.string().max(100_000) });
export const output = z.object({ text: z.string() });
export const tool = { title: 'Echo', description: 'Gives the text back.', inputSchema: input, outputSchema: output };
export const identity = { name: 'peer', version: '1.0.0' };

export function echo({ text }) {
  return { content: [{ type: 'text', text: JSON.stringify({ text }) }], structuredContent: { text } };
}

/** The port that the benchmark chose. */
export const port = Number(process.argv[2]);

/** As many names as the benchmark asked for. */
export const names = Array.from({ length: Number(process.argv[3] ?? 1) }, (_, at) =>
  at === 0 ? 'echo' : `echo_${at}`,
);

/** The body of a request, parsed. */
export async function json(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}
