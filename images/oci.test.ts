import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ImageSpec, writeImage } from './oci.ts';
import { type TarEntry, tar } from './tar.ts';

const scratch = () => mkdtempSync(join(tmpdir(), 'images-'));

async function archive(entries: readonly TarEntry[]): Promise<string> {
  const file = join(scratch(), 'a.tar');
  await writeFile(file, tar(entries));
  return file;
}

describe('tar', () => {
  test('is read by the tar of the system, with modes, links, owners and made-up parents', async () => {
    const source = join(scratch(), 'big');
    writeFileSync(source, Buffer.alloc(3_000_001, 7));
    const file = await archive([
      { path: '/usr/local/bin/tool', source, mode: 0o755 },
      { path: 'tmp', directory: true, mode: 0o1777 },
      { path: '/etc/passwd', data: 'root:x:0:0\n' },
      { path: '/lib/a.so', link: 'a.so.1' },
      { path: `/deep/${'d'.repeat(90)}/${'e'.repeat(60)}`, data: 'long' },
    ]);
    const out = scratch();
    execFileSync('tar', ['xf', file, '-C', out]);
    expect(readFileSync(join(out, 'usr/local/bin/tool')).equals(readFileSync(source))).toBe(true);
    const list = execFileSync('tar', ['tvf', file, '--numeric-owner', '--utc'], { encoding: 'utf8' });
    expect(list.replaceAll(/ +/g, ' ').trim().split('\n')).toEqual([
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 deep/',
      `drwxr-xr-x 0/0 0 1970-01-01 00:00 deep/${'d'.repeat(90)}/`,
      `-rw-r--r-- 0/0 4 1970-01-01 00:00 deep/${'d'.repeat(90)}/${'e'.repeat(60)}`,
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 etc/',
      '-rw-r--r-- 0/0 11 1970-01-01 00:00 etc/passwd',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 lib/',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 lib/a.so -> a.so.1',
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/local/',
      'drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/local/bin/',
      '-rwxr-xr-x 0/0 3000001 1970-01-01 00:00 usr/local/bin/tool',
    ]);
  });

  test.each<[string, TarEntry[]]>([
    [
      'two entries have the path',
      [
        { path: '/a', data: '' },
        { path: 'a', data: '' },
      ],
    ],
    [
      'is not a directory',
      [
        { path: '/a', data: '' },
        { path: '/a/b', data: '' },
      ],
    ],
    ['not a path inside', [{ path: '../a', data: '' }]],
    ['path too long', [{ path: 'x'.repeat(101), data: '' }]],
    [
      'was to have 5 bytes and had 2',
      [
        {
          path: 'a',
          size: 5,
          content: async function* () {
            yield Buffer.alloc(2);
          },
        },
      ],
    ],
  ])('refuses what it cannot write: %s', async (sentence, entries) => {
    await expect(archive(entries)).rejects.toThrow(sentence);
  });
});

describe('writeImage', () => {
  const image = (source: string): ImageSpec => ({
    name: 'example.test/thing:dev',
    layers: [{ files: [{ path: '/bin/thing', source, mode: 0o755 }] }, { files: [{ path: '/etc/thing', data: 'x' }] }],
    config: { entrypoint: ['/bin/thing'], cmd: ['run'], env: { A: 'b' }, user: '65532:65532', workingDir: '/app' },
    architecture: 'amd64',
  });

  test('gives one digest and the same bytes for the same input, whenever it is built', async () => {
    const folder = scratch();
    const source = join(folder, 'thing');
    writeFileSync(source, 'program');
    const first = await writeImage(image(source), join(folder, 'one.tar'));
    utimesSync(source, 1, 1);
    const second = await writeImage(image(source), join(folder, 'two.tar'));
    expect(second.digest).toBe(first.digest);
    expect(readFileSync(join(folder, 'one.tar')).equals(readFileSync(join(folder, 'two.tar')))).toBe(true);
    expect(await writeImage(image(source), join(folder, 'two.tar'))).toEqual({ digest: first.digest, unchanged: true });
    writeFileSync(source, 'Program');
    expect((await writeImage(image(source), join(folder, 'three.tar'))).digest).not.toBe(first.digest);
  });

  test('is an OCI layout in which each blob has the digest of its name', async () => {
    const folder = scratch();
    const source = join(folder, 'thing');
    writeFileSync(source, 'program');
    const { digest } = await writeImage(image(source), join(folder, 'image.tar'));
    execFileSync('tar', ['xf', 'image.tar'], { cwd: folder });
    const read = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as Record<string, never>;
    const blob = (name: string) => {
      const path = `blobs/${name.replace(':', '/')}`;
      expect(
        createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest('hex'),
      ).toBe(name.slice(7));
      return path;
    };
    expect(read('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    const [entry] = read('index.json')['manifests'] as unknown as { digest: string; annotations: object }[];
    expect(entry).toMatchObject({ digest, annotations: { 'io.containerd.image.name': 'example.test/thing:dev' } });
    const manifest = read(blob(digest)) as unknown as { config: { digest: string }; layers: { digest: string }[] };
    expect(manifest.layers.map((layer) => blob(layer.digest))).toHaveLength(2);
    expect(read(blob(manifest.config.digest))).toEqual({
      created: '1970-01-01T00:00:00Z',
      architecture: 'amd64',
      os: 'linux',
      config: {
        Entrypoint: ['/bin/thing'],
        Cmd: ['run'],
        Env: ['A=b'],
        User: '65532:65532',
        WorkingDir: '/app',
      },
      rootfs: { type: 'layers', diff_ids: manifest.layers.map((layer) => layer.digest) },
      history: [{ created: '1970-01-01T00:00:00Z' }, { created: '1970-01-01T00:00:00Z' }],
    });
  });

  test('refuses an input that changes between hashing and writing', async () => {
    let reads = 0;
    const content = async function* () {
      reads += 1;
      yield Buffer.from(reads === 1 ? 'one' : 'two');
    };
    const files = [{ path: 'a', size: 3, content }];
    const config = { entrypoint: ['/a'] };
    const file = join(scratch(), 'image.tar');
    await expect(writeImage({ name: 'example.test/a:dev', layers: [{ files }], config }, file)).rejects.toThrow(
      'changed while it was read',
    );
    expect(existsSync(file)).toBe(false);
  });

  test('leaves no file behind when it fails, and asks for a full name', async () => {
    const folder = scratch();
    const file = join(folder, 'image.tar');
    await expect(writeImage(image(join(folder, 'missing')), file)).rejects.toThrow('ENOENT');
    await expect(writeImage({ ...image('x'), name: 'thing' }, file)).rejects.toThrow('needs a domain and a tag');
    expect(execFileSync('ls', [folder], { encoding: 'utf8' })).toBe('');
  });
});
