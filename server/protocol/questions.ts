/**
 * Questions to the client's side as the protocol has them, what a client must be able to do to be asked, and how its
 * answers are read. An answer that cannot be read is undefined. Must not know how questions travel.
 */
import { z } from 'zod';
import type { ClientCapabilities, Elicited, Refused } from '../toolsets/call.ts';
import type { Root, SamplingAnswer, SamplingRequest } from '../toolsets/content.ts';
import type { Question } from './request.ts';

/** A question with the reader of its answer. */
export interface Asked<Answer> {
  readonly question: Question;
  readonly read: (answer: unknown) => Answer | undefined;
}

const refusal = z.object({ action: z.enum(['decline', 'cancel']) });

function refused(answer: unknown): Refused | undefined {
  const parsed = refusal.safeParse(answer);
  return parsed.success ? parsed.data : undefined;
}

/** Throws an Error that names a field which no form can have. */
export function form<Form extends z.ZodObject>(
  key: string,
  message: string,
  schema: Form,
): Asked<Elicited<z.output<Form>>> {
  const accepted = z.object({ action: z.literal('accept'), content: schema });
  return {
    question: { method: 'elicitation/create', params: { message, requestedSchema: formSchema(key, schema) } },
    read(answer) {
      const parsed = accepted.safeParse(answer);
      return parsed.success ? (parsed.data as Elicited<z.output<Form>>) : refused(answer);
    },
  };
}

const agreement = z.object({ action: z.literal('accept') });

export function visit(message: string, url: string): Asked<{ readonly action: 'accept' } | Refused> {
  return {
    question: { method: 'elicitation/create', params: { mode: 'url', message, url } },
    read: (answer) => agreement.safeParse(answer).data ?? refused(answer),
  };
}

const block = z.looseObject({ type: z.string() });
const sampled = z.object({
  role: z.enum(['user', 'assistant']),
  content: z.union([block, z.array(block)]),
  model: z.string(),
  stopReason: z.string().optional(),
});

export function sampling(request: SamplingRequest): Asked<SamplingAnswer> {
  return {
    question: { method: 'sampling/createMessage', params: { ...request } },
    read: (answer) => sampled.safeParse(answer).data as SamplingAnswer | undefined,
  };
}

const rootList = z.object({ roots: z.array(z.object({ uri: z.string(), name: z.string().optional() })).max(1000) });

export const roots: Asked<readonly Root[]> = {
  question: { method: 'roots/list', params: {} },
  read: (answer) => rootList.safeParse(answer).data?.roots as readonly Root[] | undefined,
};

/** What the client lacks to be asked this; undefined where it lacks nothing. */
export function missingCapability(
  { method, params }: Question,
  { elicitation, sampling: model, roots: folders }: ClientCapabilities,
): ClientCapabilities | undefined {
  if (method === 'sampling/createMessage') return model ? undefined : { sampling: {} };
  if (method === 'roots/list') return folders ? undefined : { roots: {} };
  if (params['mode'] === 'url') return elicitation?.url ? undefined : { elicitation: { url: {} } };
  // Without any mode a client means forms, which were there first.
  const forms = elicitation && (elicitation.form ?? (elicitation.url ? undefined : {}));
  return forms ? undefined : { elicitation: { form: {} } };
}

interface Property {
  readonly [keyword: string]: unknown;
  readonly type?: unknown;
  readonly format?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Property[];
  readonly items?: Property;
}

/** Those of the protocol; a form with another is no form to clients. Answers are checked by all of the schema. */
const FORMATS: readonly unknown[] = ['email', 'uri', 'date', 'date-time'];

/** Forms are flat. */
function formSchema(key: string, schema: z.ZodObject): object {
  const { properties = {}, required } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const fields = Object.entries(properties).map(([name, value]) => {
    const shown = field(value as Property);
    if (shown) return [name, shown] as const;
    throw new Error(`elicit ${key}: the field ${name} must be a text, number, boolean or choice of texts`);
  });
  return { type: 'object', properties: Object.fromEntries(fields), ...(required ? { required } : {}) };
}

/** A choice between titled values is said with `oneOf`, or `anyOf` where several may be chosen. */
function field({ anyOf, items, format, ...rest }: Property): object | undefined {
  const shown = FORMATS.includes(format) ? { ...rest, format } : rest;
  if (anyOf) {
    const oneOf = titled(anyOf);
    return oneOf && { type: 'string', ...rest, oneOf };
  }
  if (rest.type === 'array') {
    const options = titled(items?.anyOf);
    if (options) return { ...rest, items: { anyOf: options } };
    return items?.type === 'string' && items.enum ? { ...rest, items } : undefined;
  }
  return ['string', 'number', 'integer', 'boolean'].includes(rest.type as string) ? shown : undefined;
}

/** Undefined where something is no text. */
function titled(options: readonly Property[] | undefined): readonly object[] | undefined {
  if (!options?.every((option) => typeof option['const'] === 'string')) return undefined;
  return options.map(({ const: value, title }) => ({ const: value, title: title ?? value }));
}
