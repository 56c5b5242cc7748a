/**
 * What a CustomResourceDefinition says besides its schema. One value of this type is
 * one kind; the generator turns it into YAML.
 */
import type { z } from 'zod';
import type { Rule } from './schema.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly jsonPath: string;
  readonly description: string;
  /** 1 shows the column only with `-o wide`. */
  readonly priority?: 1;
}

export interface Scale {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath: string;
}

export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly schema: z.ZodType;
  readonly printerColumns: readonly PrinterColumn[];
  readonly scale: Scale;
}

/** Names of children repeat the name of the object, some with a suffix; a Service permits the least. */
export const NAME_RULES: readonly Rule<{ readonly metadata: { readonly name: string } }>[] = [
  {
    rule: 'size(self.metadata.name) <= 50',
    message: 'metadata.name may have at most 50 characters, which leaves room for the names of children',
    test: (o) => o.metadata.name.length <= 50,
  },
  {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'metadata.name must begin with a letter and have no dots, because the Service has the same name',
    test: (o) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(o.metadata.name),
  },
];
