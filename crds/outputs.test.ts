/**
 * The generated files beside the schema itself: the chart's template and the
 * reference pages.
 */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { customResourceDefinition } from './crd.ts';
import { crdTemplate, crdYaml, KINDS, outputs } from './outputs.ts';
import { fields } from './reference.ts';

const pageOf = (singular: string) => outputs.find(({ path }) => path === `docs/reference/${singular}.md`)?.render();

describe.each(KINDS)('$kind', (kind) => {
  test('the file for kubectl is the definition', () => {
    expect(parse(crdYaml(kind))).toEqual(customResourceDefinition(kind));
  });

  test('the template of the chart is the same file, and kept on uninstall by one value', () => {
    const [, ...plain] = crdYaml(kind).split('\n');
    const [, ...template] = crdTemplate(kind).split('\n');
    const added = template.filter((line, index) => index < 12 && !plain.slice(0, 12).includes(line));
    expect(added).toEqual([
      '{{- if .Values.keep }}',
      '  annotations:',
      '    helm.sh/resource-policy: keep',
      '{{- end }}',
    ]);
    expect(template.filter((line) => !added.includes(line))).toEqual(plain);
  });

  test('the reference page names every field of spec and status', () => {
    const { spec, status } = customResourceDefinition(kind).spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
    const page = pageOf(kind.singular) ?? '';
    const paths = [...fields(spec, ''), ...fields(status, '')].map(({ path }) => path);
    expect(paths.filter((path) => !page.includes(`\`${path}\``))).toEqual([]);
  });
});
