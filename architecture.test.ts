/**
 * Who may import whom, and what no file may do: the shape of this repository in one
 * place. Reads the text of the sources, so it needs no graph of any tool.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Folder → what else of this repository its files may import. The longest folder that fits a file decides. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'crds/': [],
  'models/': ['crds/'],
  'operator/kit/': [],
  'operator/': ['crds/', 'models/', 'server/config.ts', 'server/config-from-spec.ts'],
  'server/': ['crds/', 'models/'],
  'server/inference/cluster.': ['server/', 'crds/', 'models/', 'operator/kit/'],
  'charts/': ['crds/', 'operator/rbac.ts', 'operator/config.ts', 'e2e/cluster/'],
  'images/': [],
  'e2e/': ['crds/', 'images/', 'docs/'],
  'bench/': ['crds/', 'e2e/', 'images/'],
  // Our server with toolsets of the benchmark's own, bundled as an image is.
  'bench/http/subject': ['bench/', 'server/', 'crds/'],
  'scripts/': ['crds/', 'charts/', 'images/', 'server/', 'e2e/'],
};
/** Folder → the packages that its product files may import; the other folders are free. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'crds/': ['zod', 'yaml'],
  'models/': ['zod', 'undici', 'eventsource-parser'],
  'operator/kit/': ['@kubernetes/client-node', 'pino', 'prom-client', 'undici', 'yaml'],
};
/** Files at the edge: they alone read the environment and the arguments, and set the exit code. */
const EDGE = /(^|\/)(main|stdio|config|client-config)\.ts$|^(scripts|e2e|bench|images)\//;
const TEST = /\.(test|testing)\.ts$|\/testing\//;
const IMPORT = /^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

const ROOT = import.meta.dirname;
const sources = globSync('**/*.ts', { cwd: ROOT, exclude: ['node_modules', 'dist', 'coverage'] }).map((path) => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return { path, text, isTest: TEST.test(path), imports: [...text.matchAll(IMPORT)].map((m) => m[1] ?? m[2] ?? m[3]) };
});
const imports = sources.flatMap(({ imports, ...source }) => imports.map((to = '') => ({ ...source, to })));

function ruleFor(rules: Readonly<Record<string, readonly string[]>>, path: string) {
  const fitting = Object.entries(rules).filter(([folder]) => path.startsWith(folder));
  return fitting.sort(([a], [b]) => b.length - a.length)[0];
}

test('a folder imports only the folders that it may know', () => {
  const forbidden = imports.filter(({ path, to, isTest }) => {
    const [folder, others] = ruleFor(FOLDERS, path) ?? ['', ['']];
    const target = to.startsWith('#') ? to.slice(1) : join(path, '..', to);
    const allowed = [folder, ...others, ...(isTest ? ['e2e/cluster/', 'e2e/engines/'] : [])];
    return /^[.#]/.test(to) && !allowed.some((prefix) => target.startsWith(prefix));
  });
  expect(forbidden.map(({ path, to }) => `${path} → ${to}`)).toEqual([]);
});

test('the API, the adapters and the kit import only their packages', () => {
  const forbidden = imports.filter(({ path, to, isTest }) => {
    const packages = ruleFor(PACKAGES, path)?.[1];
    return !isTest && packages && !/^[.#]|^node:/.test(to) && !packages.some((p) => to === p || to.startsWith(`${p}/`));
  });
  expect(forbidden.map(({ path, to }) => `${path} → ${to}`)).toEqual([]);
});

test.each([
  ['only files at the edge touch the process', /\bprocess\.(env|argv|exit|exitCode|std(in|out|err)|on|kill)\b/, EDGE],
  ['there are no default exports', /^export default\b/m, /^vitest\.config\.ts$/],
  ['whoever makes marks compares them in constant time', /^(?=[^]*\bcreateHmac\()[^]*\.(equals|compare)\(/, /^$/],
  ['no file has more than 400 lines', /^(?:.*\n){401}/, /^$/],
] as const)('%s', (_, pattern, except) => {
  const found = sources.filter(({ path, text, isTest }) => !isTest && !except.test(path) && pattern.test(text));
  expect(found.map(({ path }) => path)).toEqual([]);
});

test('no folder hides behind an index.ts', () => {
  expect(sources.map(({ path }) => path).filter((path) => /(^|\/)index\.ts$/.test(path))).toEqual([]);
});
