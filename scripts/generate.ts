/**
 * Command line: writes every generated file (`npm run gen`), or names those that
 * differ from what their sources say and exits 1 (`npm run gen:check`). Each part of
 * the repository renders its own files; this is the list of the parts.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { outputs as crds, type Output } from '#crds/outputs.ts';
import { runCommand } from '#e2e/command-line.ts';
import { toolsetPages } from '#server/toolsets/reference.ts';
import { outputs as charts } from '../charts/outputs.ts';
import { operatorValues } from '../charts/values.ts';
import { registryEntry } from '../images/registry-entry.ts';

const ROOT = join(import.meta.dirname, '..');

const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
const { repository } = operatorValues.shape.serverImage.parse({});
const serverJson: Output = {
  path: 'server.json',
  render: () => registryEntry({ version, image: `${repository}:${version}` }),
};

const outputs: readonly Output[] = [...crds, ...charts, serverJson, ...(await toolsetPages())];

const usage = `usage: npm run gen [-- --check]
  Writes the files that are generated from sources.
  --check   write nothing; name the files that differ and exit 1`;

async function stored(path: string): Promise<string | undefined> {
  try {
    return await readFile(join(ROOT, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(ROOT, path)), { recursive: true });
  await writeFile(join(ROOT, path), text);
}

await runCommand({ usage, options: { check: { type: 'boolean' } } }, async ({ check }) => {
  let drifted = 0;
  for (const { path, render } of outputs) {
    const text = render();
    if ((await stored(path)) === text) continue;
    drifted += 1;
    if (check) console.error(`${path} differs from its source; run npm run gen`);
    else {
      await write(path, text);
      console.log(`wrote ${path}`);
    }
  }
  console.log(`${outputs.length} generated files, ${drifted} ${check ? 'differ' : 'written'}`);
  return check && drifted > 0 ? 1 : 0;
});
