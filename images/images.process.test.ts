import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeBase, nonRoot } from './base.ts';
import { bundle, bundleLayer } from './bundle.ts';
import { bundleImage, type ImageName, imageSpec, images } from './images.ts';
import { libraries } from './libraries.ts';
import { type ImageSpec, imageDigest, writeImage } from './oci.ts';

const scratch = mkdtempSync(join(tmpdir(), 'images-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A program with a CommonJS dependency, one that is imported only when asked for, and a place that throws. */
function program(): string {
  const folder = mkdtempSync(join(scratch, 'program-'));
  symlinkSync(join(import.meta.dirname, '../node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'main.ts');
  writeFileSync(
    file,
    `import express from 'express';

interface Answer { readonly uid: number | undefined }
if (process.argv[2] === 'throw')
  throw new Error('on purpose');
const { createParser } = await import('eventsource-parser');
const answer: Answer = { uid: process.getuid?.() };
console.log(typeof express(), typeof createParser, answer.uid, process.env['BUILT_AS']);
`,
  );
  return file;
}

describe('bundle', () => {
  test('runs without node_modules, loads lazily what is imported lazily, and shows source lines in a stack', async () => {
    const entries = { main: program() };
    const { files, packages } = await bundle({
      root: scratch,
      entries,
      outDir: join(scratch, 'bundle'),
      env: { BUILT_AS: 'bundle' },
    });
    expect(packages).toEqual(expect.arrayContaining(['express', 'eventsource-parser']));
    const main = files.find((file) => file.endsWith('/main.mjs')) as string;
    const modules = readdirSync(join(scratch, 'bundle')).filter((name) => name.endsWith('.mjs'));
    expect(modules.length).toBeGreaterThan(1);
    expect(readFileSync(main, 'utf8')).not.toContain('createParser(');
    expect(execFileSync(process.execPath, [main], { encoding: 'utf8' })).toMatch(/^function function \d+ bundle\n$/);
    const failed = () =>
      execFileSync(process.execPath, ['--enable-source-maps', main, 'throw'], { encoding: 'utf8', stdio: 'pipe' });
    expect(failed).toThrow(/main\.ts:5/);
  });

  test.each([`import './missing.ts';`, `try { await import('./missing.ts'); } finally { console.log(); }`])(
    'fails when an import cannot be resolved: %s',
    async (text) => {
      const file = join(scratch, 'broken.ts');
      writeFileSync(file, text);
      const spec = { root: scratch, entries: { main: file }, outDir: join(scratch, 'broken') };
      await expect(bundle(spec)).rejects.toThrow('./missing.ts');
    },
  );

  test('refuses a lazy import that only Node would understand', async () => {
    const folder = join(scratch, 'lazy');
    mkdirSync(folder);
    writeFileSync(join(folder, 'cjs.cjs'), 'exports.value = 1;');
    writeFileSync(join(folder, 'main.ts'), `const { value } = await import('./cjs.cjs');\nconsole.log(value);\n`);
    const spec = { root: folder, entries: { main: join(folder, 'main.ts') }, outDir: join(folder, 'out') };
    await expect(bundle(spec)).rejects.toThrow('main.ts imports ./cjs.cjs dynamically, which is CommonJS');
  });
});

describe('libraries', () => {
  test('are the C library and the loader of a dynamic program, at paths where it looks for them', async () => {
    const paths = (await libraries('/bin/sh')).map(({ path }) => path);
    expect(paths).toContainEqual(expect.stringMatching(/\/libc\.so\.6$/));
    expect(paths).toContainEqual(expect.stringMatching(/\/ld-linux[^/]*\.so/));
  });

  test('are none for a program without any, and an error for one that is missing', async () => {
    expect(await libraries(import.meta.filename)).toEqual([]);
    await expect(libraries(join(scratch, 'nothing'))).rejects.toThrow('nothing');
  });
});

describe('a Node image', () => {
  const root = process.getuid?.() === 0;
  const entries = { main: program() };
  const spec = async (build: string): Promise<ImageSpec> => {
    const app = await bundle({ root: scratch, entries, outDir: join(scratch, build) });
    const layers = [await nodeBase(), bundleLayer(app, '/app')];
    return { name: 'example.test/program:dev', layers, config: { entrypoint: ['/app/main.mjs'] } };
  };

  test.skipIf(!root)(
    `has all that Node needs${root ? '' : ' (skipped: chroot needs root)'}`,
    { timeout: 60_000 },
    async () => {
      const file = join(scratch, 'image.tar');
      await writeImage(await spec('program'), file);
      const [layout, rootfs] = ['layout', 'rootfs'].map((name) => join(scratch, name)) as [string, string];
      for (const folder of [layout, rootfs]) mkdirSync(folder);
      execFileSync('tar', ['xf', file, '-C', layout]);
      const blob = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
      const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
      const index = read(join(layout, 'index.json')) as { manifests: { digest: string }[] };
      const manifest = read(blob(index.manifests[0]?.digest as string)) as { layers: { digest: string }[] };
      for (const { digest } of manifest.layers) execFileSync('tar', ['xf', blob(digest), '-C', rootfs]);
      const args = [`--userspec=${nonRoot}:${nonRoot}`, rootfs, '/usr/local/bin/node', '/app/main.mjs'];
      expect(execFileSync('/usr/sbin/chroot', args, { encoding: 'utf8', env: {} })).toBe(
        `function function ${nonRoot} undefined\n`,
      );
    },
  );
});

describe.each(Object.keys(images) as ImageName[])('the %s image', (image) => {
  const missing = Object.values(images[image].entries).filter((entry) => !existsSync(entry));
  const why = missing.length > 0 ? ` (skipped: no ${missing.join(', ')})` : '';
  // Reads Node twice, which takes a while where others use the disk.
  test.skipIf(why !== '')(
    `has one digest however often and wherever it is built${why}`,
    { timeout: 60_000 },
    async () => {
      const digest = async (outDir: string) =>
        imageDigest(await imageSpec(image, 'example.test/image:dev', await bundleImage(image, outDir)));
      expect(await digest(join(scratch, 'here'))).toBe(await digest(join(scratch, 'some', 'where')));
    },
  );
});
