import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { createInterface } from 'node:readline';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeBase, nonRoot } from './base.ts';
import { bundle, bundleLayer } from './bundle.ts';
import { bundleImage, environment, type ImageName, imageSpec, images, nodeFlags } from './images.ts';
import { libraries } from './libraries.ts';
import { PROGRAM, PROGRAM_CODE } from './load-program.ts';
import { type ImageSpec, imageDigest, writeImage } from './oci.ts';
import { bundleProgram } from './program.ts';

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

/** Says on stderr what a process loads from a folder, and whether V8 took the compiled code. */
const WATCH = `const Module = require('node:module');
const vm = require('node:vm');
const { Script } = vm;
vm.Script = class extends Script {
  constructor(...args) {
    super(...args);
    if (String(args[1]?.filename).endsWith('${PROGRAM}')) console.error('rejected: ' + this.cachedDataRejected);
  }
};
Module.syncBuiltinESMExports();
const load = Module._load;
Module._load = function (name, ...rest) {
  if (!Module.isBuiltin(name)) console.error('loaded: ' + name);
  return load.call(this, name, ...rest);
};
`;

describe('a program', () => {
  test('starts by each of its files, loads apart what is apart, and shows source lines in a stack', async () => {
    const folder = mkdtempSync(join(scratch, 'entries-'));
    symlinkSync(join(import.meta.dirname, '../node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'parser.ts'), `export { createParser } from 'eventsource-parser';\n`);
    writeFileSync(
      join(folder, 'main.ts'),
      `import express from 'express';

async function main(): Promise<void> {
  if (process.argv[2] === 'parse') console.log(typeof (await import('./parser.ts')).createParser);
  else console.log(typeof express(), 'größer → ✓', import.meta.url, process.env['BUILT_AS']);
}

main().catch(() => process.exit(1));
`,
    );
    const log = join(import.meta.dirname, '../server/telemetry/log.ts');
    writeFileSync(
      join(folder, 'broken.ts'),
      `import { describeError } from '${log}';\n\nconsole.log(describeError(new Error('on purpose'))['stack']);\n`,
    );
    const outDir = join(scratch, 'program');
    await bundleProgram({
      root: folder,
      entries: { main: join(folder, 'main.ts'), broken: join(folder, 'broken.ts') },
      apart: ['eventsource-parser'],
      outDir,
      env: { BUILT_AS: 'program' },
    });
    const run = (...args: string[]) => execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' });
    expect(run(join(outDir, 'main.mjs'))).toBe(`function größer → ✓ file://${join(outDir, PROGRAM)} program\n`);
    expect(run(join(outDir, 'main.mjs'), 'parse')).toBe('function\n');
    expect(run(join(outDir, 'broken.mjs'))).toMatch(/broken\.ts:3/);
    expect(readFileSync(join(outDir, PROGRAM), 'utf8')).not.toContain('createParser(');
    rmSync(join(outDir, 'eventsource-parser.cjs'));
    expect(run(join(outDir, 'main.mjs'))).toContain('function');
    expect(() => run(join(outDir, 'main.mjs'), 'parse')).toThrow('Command failed');
  });
});

describe('the server as its image starts it', () => {
  let folder = '';
  beforeAll(async () => {
    await bundleImage('server', scratch);
    folder = join(scratch, 'bundles/server');
  }, 60_000);

  /** Lines on stderr of a server with the least configuration, until it serves. */
  async function start(flags: readonly string[]): Promise<string[]> {
    const data = mkdtempSync(join(scratch, 'start-'));
    const watch = join(data, 'watch.cjs');
    writeFileSync(watch, WATCH);
    const local = { host: '127.0.0.1', port: 0 };
    const storage = { type: 'Embedded', path: join(data, 'server.db') };
    const config = { name: 'least', mcp: local, health: local, toolsets: [{ name: 'tasks' }], storage };
    writeFileSync(join(data, 'server.yaml'), JSON.stringify(config));
    const args = [...flags, '--require', watch, join(folder, 'main.mjs'), '--config', join(data, 'server.yaml')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    const said: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
    await once(createInterface({ input: child.stdout }), 'line');
    child.kill('SIGKILL');
    await once(child, 'close');
    return said;
  }

  test('runs code that was compiled before, and nothing that its configuration does not ask for', async () => {
    expect(await start(nodeFlags('server'))).toEqual(['rejected: false']);
  });

  test('has the functions of its start among the compiled code', () => {
    const bare = new Script(readFileSync(join(folder, PROGRAM), 'latin1')).createCachedData();
    expect(readFileSync(join(folder, PROGRAM_CODE)).length).toBeGreaterThan(2 * bare.length);
  });

  test('starts as well where V8 cannot use the code', async () => {
    expect(await start([...nodeFlags('server'), '--stack-size=900'])).toContain('rejected: true');
    rmSync(join(folder, PROGRAM_CODE));
    expect(await start(nodeFlags('server'))).toContain('rejected: undefined');
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
