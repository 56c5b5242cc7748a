import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeImage } from '../../images/oci.ts';
import { archivedImages } from './image-archive.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('name and digest of an archived image are those it was written with', async () => {
  const tar = join(folder, 'image.tar');
  const layers = [{ files: [{ path: '/a', data: 'a' }] }];
  const { digest } = await writeImage({ name: 'example.org/a:1', layers, config: { entrypoint: ['/a'] } }, tar);
  expect(await archivedImages(tar)).toEqual([{ name: 'example.org/a:1', digest }]);
});

test('a file that is no archive is refused by name', async () => {
  const file = join(folder, 'other');
  await writeFile(file, Buffer.alloc(2048));
  await expect(archivedImages(file)).rejects.toThrow(`${file} holds no index.json`);
});
