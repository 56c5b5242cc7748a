/** Tools for what input schemas can say: the vocabulary of JSON Schema 2020-12, and arguments mirrored in headers. */
import { z } from 'zod';
import { text } from '../content.ts';
import { common, define } from '../define.ts';

const address = z
  .object({ street: z.string().optional(), city: z.string().optional() })
  .meta({ id: 'address', $anchor: 'addressDef' });

/** Keywords without a method in zod stand beside the schema, and the check below means the same. */
const contact = z
  .strictObject({
    name: z.string().optional(),
    address: address.optional(),
    contactMethod: z.enum(['phone', 'email']).optional(),
    phone: z.string().optional(),
    email: z.string().optional(),
  })
  .refine(({ contactMethod, phone, email }) => (contactMethod === 'phone' ? phone : email) !== undefined, {
    message: 'give phone where contactMethod is phone, and email otherwise',
  })
  .meta({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // oxlint-disable-next-line no-thenable
    then: { required: ['phone'] },
    else: { required: ['email'] },
  });

export const schemaTools = [
  define({
    ...common,
    name: 'json_schema_2020_12_tool',
    title: 'JSON Schema 2020-12',
    description: 'Tool with JSON Schema 2020-12 features',
    input: contact,
    run: async (input) => ({ content: [text(`JSON Schema 2020-12 tool called with: ${JSON.stringify(input)}`)] }),
  }),
  define({
    ...common,
    name: 'test_x_mcp_header',
    title: 'Mirrored arguments',
    description: 'Takes arguments that a request over HTTP repeats in headers.',
    input: z.strictObject({
      region: z.string().max(1000).optional().meta({ 'x-mcp-header': 'Region', description: 'Any text.' }),
      priority: z.int().optional().meta({ 'x-mcp-header': 'Priority', description: 'Any whole number.' }),
      verbose: z.boolean().optional().meta({ 'x-mcp-header': 'Verbose', description: 'Yes or no.' }),
    }),
    run: async (input) => ({ content: [text(`Called with ${JSON.stringify(input)}`)] }),
  }),
];
