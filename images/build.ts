/**
 * `npm run build`: bundles and images of this project, and the list of what is inside them. Says what it does and what
 * came out; an image that would come out the same is left alone.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { buildImage, bundleImage, type ImageName, images } from './images.ts';
import { registryEntry } from './registry-entry.ts';

const names = Object.keys(images) as ImageName[];
const help = `Usage: npm run build -- [options] [image ...]

Builds the images ${names.join(' and ')} (or those named) as OCI archives in dist/images,
their bundles in dist/bundles, and the software bill of materials dist/sbom.cdx.json; with the image
server also dist/server.json, its entry for a registry of MCP servers.

  --bundle              only the bundles, as the Dockerfiles in images/ want them
  --repository <name>   prefix of the image names (default: mcpfleet.local)
  --tag <tag>           tag of the image names (default: dev)
  --help                this text

Load one into a cluster, or push it to a registry:
  kind load image-archive dist/images/server.tar
  skopeo copy oci-archive:dist/images/server.tar docker://example.org/mcp-fleet/server:1.0
`;

const root = join(import.meta.dirname, '..');

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      bundle: { type: 'boolean' },
      repository: { type: 'string' },
      tag: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const unknown = positionals.filter((name) => !(name in images));
  if (unknown.length > 0) {
    process.stderr.write(`There is no image "${unknown.join('", "')}". There are: ${names.join(', ')}.\n`);
    return 2;
  }
  const chosen = positionals.length > 0 ? (positionals as ImageName[]) : names;
  for (const image of chosen) {
    const begin = performance.now();
    if (values.bundle) {
      const { files, packages } = await bundleImage(image);
      say(`dist/bundles/${image}: ${files.length} files with ${packages.length} packages inside`);
      continue;
    }
    const built = await buildImage(image, { repository: values.repository, tag: values.tag });
    const { size } = await stat(built.file);
    const took = built.unchanged ? 'unchanged' : `${((performance.now() - begin) / 1000).toFixed(1)} s`;
    say(`${built.name}  ${built.digest}  ${(size / 1e6).toFixed(0)} MB  ${relative(root, built.file)}  (${took})`);
    if (image === 'server') say(`wrote ${relative(root, await writeRegistryEntry(built.name))}`);
  }
  say(`wrote ${relative(root, await writeSbom())}`);
  return 0;
}

async function writeRegistryEntry(image: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const file = join(root, 'dist', 'server.json');
  await writeFile(file, registryEntry({ version, image }));
  return file;
}

/** What a scanner cannot see inside a bundle. */
async function writeSbom(): Promise<string> {
  const args = ['sbom', '--omit=dev', '--sbom-format=cyclonedx'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: root, maxBuffer: 64 << 20 });
  const file = join(root, 'dist', 'sbom.cdx.json');
  await mkdir(join(root, 'dist'), { recursive: true });
  await writeFile(file, stdout);
  return file;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  process.exitCode = await main();
} catch (error) {
  const { code, message = String(error) } = error as { readonly code?: unknown; readonly message?: string };
  const mistaken = String(code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(mistaken ? `${message.split('. ', 1)[0]}. See --help.\n` : `${message}\n`);
  process.exitCode = mistaken ? 2 : 1;
}
