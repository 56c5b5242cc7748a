/**
 * A bundle of our own, made as the images' are, that throws.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test.each([[[]], [['--enable-source-maps']]])('an error of a bundle names sources, with flags %j', async (flags) => {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-maps-'));
  const log = join(import.meta.dirname, 'log.ts');
  await writeFile(
    join(folder, 'entry.ts'),
    `import { describeError } from '${log}';\n\nfunction breakDown(): never {\n  throw new Error('broken');\n}\n\ntry {\n  breakDown();\n} catch (error) {\n  console.log(describeError(error)['stack']);\n}\n`,
  );
  await build({
    entryPoints: { main: join(folder, 'entry.ts') },
    outdir: join(folder, 'out'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    minifyWhitespace: true,
    sourcemap: true,
    banner: { js: `import { createRequire as c } from 'node:module'; const require = c(import.meta.url);` },
    nodePaths: [join(import.meta.dirname, '../../node_modules')],
  });
  const { stdout } = await run(process.execPath, [...flags, join(folder, 'out/main.mjs')]);
  expect(stdout).toMatch(/entry\.ts:4:9/);
  expect(stdout).not.toContain('main.mjs:');
  await rm(folder, { recursive: true });
});
