/** What the pages say of files, objects and reasons is so. The commands in them are run by readme.process.test.ts. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { API_VERSION } from '#crds/group.ts';
import { MCP_SERVER_REASONS } from '#crds/mcpserver-status.ts';
import { MODEL_BACKEND_REASONS } from '#crds/modelbackend-status.ts';
import { KINDS } from '#crds/outputs.ts';
import { createInferenceMetrics } from '#server/inference/metrics.ts';
import { createMetrics } from '#server/telemetry/metrics.ts';
import { anchors, fencesOf, localLinks, PAGES, page, ROOT, rowsOf } from './markdown.testing.ts';

const named = (path: string) => PAGES.find((found) => found.path === path) ?? page(path, '');

describe.each(PAGES)('$path', (found) => {
  test('leads only to what is there', () => {
    const broken = localLinks(found).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? found.path : join(found.path, '..', file);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchors(named(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('shows only objects that the API server would take', () => {
    for (const { text, line } of found.fences.filter(({ language }) => language === 'yaml'))
      for (const document of parseAllDocuments(text)) {
        expect(document.errors, `line ${line}`).toEqual([]);
        const object = document.toJS() as { apiVersion?: string; kind?: string };
        if (object.apiVersion !== API_VERSION) continue;
        const kind = KINDS.find((known) => known.kind === object.kind);
        expect(kind, `line ${line}: kind ${object.kind}`).toBeDefined();
        // What the schema does not know is dropped, and would be missing here.
        expect(kind?.schema.parse(object), `line ${line}`).toMatchObject(object);
      }
  });
});

test('the objects of the README are those of the samples', () => {
  const samples = globSync('manifests/samples/*.yaml', { cwd: ROOT }).flatMap((path) =>
    parseAllDocuments(readFileSync(join(ROOT, path), 'utf8')).map((document) => document.toJS() as object),
  );
  const shown = fencesOf('README.md', 'yaml').flatMap(({ text }) =>
    parseAllDocuments(text).map((document) => document.toJS() as object),
  );
  expect(shown.length).toBe(2);
  for (const object of shown) expect(samples.find((sample) => kindOf(sample) === kindOf(object))).toMatchObject(object);
});

const byText = (a: string, b: string): number => a.localeCompare(b);
const kindOf = (object: object): unknown => (object as { kind?: unknown }).kind;

test.each([
  ['McpServer', MCP_SERVER_REASONS],
  ['ModelBackend', MODEL_BACKEND_REASONS],
])('troubleshooting has every condition and reason of %s, and no other', (kind, reasons) => {
  let condition = '';
  const listed = rowsOf(named('docs/troubleshooting.md'), kind).flatMap(([first = '', second = '']) => {
    condition = first === '' ? condition : (first.split('=')[0] ?? '');
    return second.split(', ').map((reason) => `${condition} ${reason}`);
  });
  const known = Object.entries<readonly string[]>(reasons).flatMap(([type, words]) =>
    words.map((word) => `${type} ${word}`),
  );
  expect(listed.toSorted(byText)).toEqual(known.toSorted(byText));
});

test('operations has every metric of a server with its labels, and no other', () => {
  const metrics = createMetrics();
  metrics.operation({ method: 'tools/call', tool: 'it', transport: 'http', outcome: 'ok', seconds: 1 });
  metrics.refused('host');
  const [one, yes] = [() => 1, () => true];
  metrics.observe({ inFlight: one, sessions: one, subscriptions: one, eventsReady: yes });
  const inference = createInferenceMetrics(metrics.registry);
  const usage = { inputTokens: 1, outputTokens: 1, estimated: false };
  inference.attempt({ backend: 'b', model: 'm', outcome: 'ok', seconds: 1, usage });
  inference.observe({ inFlight: () => new Map([['b', 1]]), ready: () => new Map([['b', true]]), snapshotAgeMs: one });
  const text = metrics.text();
  const labelsOf = (name: string): readonly string[] => {
    const [, labels = ''] = new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'm').exec(text) ?? [];
    return [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label).filter((label) => label !== 'le');
  };
  const counted = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => [name, ...labelsOf(name)].join(' '));
  const words = (cell: string): readonly string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
  const told = rowsOf(named('docs/operations.md'), 'Watch the servers')
    .filter(([names = '']) => /^`(mcp|gen_ai|process|nodejs)_/.test(names))
    .flatMap(([names = '', labels = '']) => words(names).map((name) => [name, ...words(labels)].join(' ')));
  expect(told.toSorted(byText)).toEqual(counted.toSorted(byText));
});

test('no page has a first line other than its title, and the README is short', () => {
  const first = PAGES.map(({ path, prose }) => [path, prose.replace(/^<!--.*?-->\s*/s, '').split('\n')[0] ?? '']);
  expect(first.filter(([, line = '']) => !line.startsWith('# '))).toEqual([]);
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(121);
});
