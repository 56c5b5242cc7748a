/**
 * That `server.json` is what the format and the official registry's own rules ask for. The format's schema is written out
 * here as far as it can refuse something (github.com/modelcontextprotocol/registry, internal/validators/schemas and
 * docs/reference/server-json, 2025-12-11); objects that it leaves open are closed, so that no misspelt member passes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { imageSpec } from './images.ts';
import { REGISTRY_LABEL, REGISTRY_NAME, registryEntry } from './registry-entry.ts';

const input = z.strictObject({
  description: z.string().optional(),
  isRequired: z.boolean().optional(),
  isSecret: z.boolean().optional(),
  format: z.enum(['string', 'number', 'boolean', 'filepath']).optional(),
  value: z.string().optional(),
  default: z.string().optional(),
  placeholder: z.string().optional(),
  choices: z.array(z.string()).optional(),
});
const variables = z.record(z.string(), input);
interface Templated {
  readonly value?: string | undefined;
  readonly variables?: object | undefined;
}
/** Every name in braces is a variable, and every variable is used. */
const namesOnlyVariables = ({ value = '', variables: known = {} }: Templated): boolean => {
  const named = [...value.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name);
  return named.every((name) => name in known) && Object.keys(known).every((name) => named.includes(name));
};
const withVariables = z.strictObject({ ...input.shape, variables: variables.optional() });
const keyValue = z.strictObject({ ...withVariables.shape, name: z.string() }).refine(namesOnlyVariables);
const repeated = { isRepeated: z.boolean().optional() };
const argument = z.discriminatedUnion('type', [
  z
    .strictObject({
      ...withVariables.shape,
      ...repeated,
      type: z.literal('positional'),
      valueHint: z.string().optional(),
    })
    .refine((given) => given.valueHint !== undefined || given.value !== undefined)
    .refine(namesOnlyVariables),
  z
    .strictObject({ ...withVariables.shape, ...repeated, type: z.literal('named'), name: z.string() })
    .refine(namesOnlyVariables),
]);
const url = z.string().regex(/^https?:\/\/\S+$/);
const remote = z
  .strictObject({
    type: z.enum(['streamable-http', 'sse']),
    url,
    headers: z.array(keyValue).optional(),
    variables: variables.optional(),
  })
  .refine((given) => namesOnlyVariables({ value: given.url, ...given }));
const version = z
  .string()
  .max(255)
  .regex(/^\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/); // one version of semver.org, no range
const ociPackage = z.strictObject({
  registryType: z.literal('oci'),
  // With its tag; neither a version nor a base URL beside it.
  identifier: z.string().regex(/^[a-z0-9.-]+\.[a-z]+(\/[a-z0-9._-]+)+:(?!latest$)[\w.-]+$/),
  runtimeHint: z.string(),
  runtimeArguments: z.array(argument),
  packageArguments: z.array(argument),
  environmentVariables: z.array(keyValue),
  transport: z.strictObject({ type: z.literal('stdio') }),
});
const serverJson = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version,
  packages: z.array(ociPackage).min(1),
  remotes: z.array(remote).min(1),
});

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const written: unknown = JSON.parse(read('server.json'));
const release = JSON.parse(read('package.json')) as { version: string };

test('server.json keeps the rules of the format and of the official registry', () => {
  expect(serverJson.safeParse(written).error?.issues ?? []).toEqual([]);
});

test('it is of the version of this checkout, as package, charts and image tag are', () => {
  const { version: told, packages } = serverJson.parse(written);
  const charts = ['mcp-fleet', 'mcp-fleet-crds'].flatMap((chart) =>
    [...read(`charts/${chart}/Chart.yaml`).matchAll(/^(?:version|appVersion): '?([^'\n]+)/gm)].map(
      ([, found]) => found,
    ),
  );
  expect([told, ...packages.map(({ identifier }) => identifier.split(':')[1]), ...charts]).toEqual(
    Array.from({ length: 6 }, () => release.version),
  );
});

test('it names the image that the chart runs', () => {
  const repository = /^serverImage:(?:\n +.*)*?\n +repository: '?([^'\n]+)/m.exec(
    read('charts/mcp-fleet/values.yaml'),
  )?.[1];
  expect(serverJson.parse(written).packages[0]?.identifier).toBe(`${repository}:${release.version}`);
});

test('the server image bears its name, whoever builds it', async () => {
  const app = { folder: root, files: [], packages: [] } as unknown as Parameters<typeof imageSpec>[2];
  const { config } = await imageSpec('server', 'example.org/server:1.0', app);
  expect(config.labels).toMatchObject({ [REGISTRY_LABEL]: REGISTRY_NAME });
  expect((await imageSpec('operator', 'example.org/operator:1.0', app)).config.labels).not.toHaveProperty([
    REGISTRY_LABEL,
  ]);
  expect(read('images/server.Dockerfile')).toContain(`LABEL ${REGISTRY_LABEL}=${REGISTRY_NAME}\n`);
});

test('another place and version give another entry', () => {
  const image = 'ghcr.io/acme/server:2.0.0-rc.1';
  const entry = serverJson.parse(JSON.parse(registryEntry({ version: '2.0.0-rc.1', image })));
  expect([entry.version, entry.packages[0]?.identifier]).toEqual(['2.0.0-rc.1', image]);
});
