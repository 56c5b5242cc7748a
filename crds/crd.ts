/**
 * A kind as the CustomResourceDefinition that the API server takes. Knows how a CRD
 * is laid out, not what our kinds say.
 */
import { GROUP, VERSION } from './group.ts';
import type { Kind } from './kind.ts';
import { type Structural, toStructural } from './structural.ts';

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly scope: 'Namespaced';
    readonly versions: readonly CustomResourceVersion[];
  };
}

export interface CustomResourceVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly additionalPrinterColumns: Kind['printerColumns'];
  readonly subresources: { readonly status: Record<string, never>; readonly scale: Kind['scale'] };
  readonly schema: { readonly openAPIV3Schema: Structural };
}

export function customResourceDefinition(kind: Kind): CustomResourceDefinition {
  const { plural, singular, shortNames, categories } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural, singular, shortNames, categories },
      scope: 'Namespaced',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: kind.printerColumns,
          subresources: { status: {}, scale: kind.scale },
          schema: { openAPIV3Schema: toStructural(kind.schema) },
        },
      ],
    },
  };
}
