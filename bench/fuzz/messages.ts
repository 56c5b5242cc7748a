/**
 * JSON-RPC messages of every revision, right and wrong: what a client might send by mistake, and what somebody sends
 * who looks for a hole. Mostly near the right form, because far from it everything is refused at once.
 */
import type { Arbitrary } from 'fast-check';
import * as fc from 'fast-check';

/** A tool as `tools/list` tells it. */
export interface KnownTool {
  readonly name: string;
  readonly inputSchema: { readonly properties?: Readonly<Record<string, { readonly type?: unknown }>> };
}

export interface Message {
  readonly method: string;
  /** As the header ought to say. */
  readonly version: string;
  /** What `Mcp-Name` ought to be. */
  readonly name: string | undefined;
  readonly body: unknown;
}

const MODERN = '2026-07-28';
export const VERSIONS = [
  MODERN,
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '1999-01-01',
  '',
  'x'.repeat(300),
];

const METHODS = [
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'logging/setLevel',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
  'tasks/list',
  'roots/list',
  'sampling/createMessage',
  'elicitation/create',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  '__proto__',
  'constructor',
  'toString',
  '',
];

const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '\u0000',
  'é',
  '💥',
  'a'.repeat(2000),
  '',
];

const deep = fc.integer({ min: 1, max: 80 }).map((depth) => {
  let value: unknown = 0;
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value };
  return value;
});

/** Any JSON, and values that programs tend to stumble over. */
const anything: Arbitrary<unknown> = fc.oneof(
  { weight: 12, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: deep },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      null,
      -1,
      1e308,
      Number.MAX_SAFE_INTEGER + 2,
      0.1,
      'x'.repeat(70_000),
      '\ud7ff\u0000\u202e',
      Object.fromEntries(names.map((name) => [`_${name}`, name])),
      JSON.parse('{"__proto__": {"admin": true}, "constructor": {"prototype": {}}}'),
      Array.from({ length: 500 }, () => ({})),
    ),
  },
);

const or = <T>(right: Arbitrary<T>, wrong: Arbitrary<unknown> = anything, weight = 15): Arbitrary<unknown> =>
  fc.oneof({ weight, arbitrary: right }, { weight: 1, arbitrary: wrong });

const id = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom<unknown>(1, 2, 'a', 0, '') },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, 1.5, -1, 1e300, {}, [], true, 'x'.repeat(5_000)) },
);

const meta = fc.record(
  {
    'io.modelcontextprotocol/protocolVersion': or(
      fc.constant(MODERN),
      fc.oneof(fc.constantFrom(...VERSIONS), anything),
      60,
    ),
    'io.modelcontextprotocol/clientCapabilities': or(
      fc.constantFrom({}, { elicitation: { form: {} }, sampling: {}, roots: {} }, { extensions: {} }),
      anything,
      60,
    ),
    'io.modelcontextprotocol/clientInfo': or(fc.constant({ name: 'fuzz', version: '1' }), anything, 60),
    'io.modelcontextprotocol/logLevel': or(fc.constantFrom('debug', 'info', 'error')),
    progressToken: or(fc.constantFrom<unknown>(1, 'p')),
    traceparent: anything,
  },
  { requiredKeys: ['io.modelcontextprotocol/protocolVersion', 'io.modelcontextprotocol/clientCapabilities'] },
);

const fitting = (type: unknown): Arbitrary<unknown> => {
  if (type === 'string') return fc.oneof(fc.string({ maxLength: 50 }), fc.constantFrom(...names));
  if (type === 'integer') return fc.integer({ min: -2, max: 20 });
  if (type === 'number') return fc.double();
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(fc.string({ maxLength: 5 }), { maxLength: 5 });
  return anything;
};

function argumentsOf({ inputSchema }: KnownTool): Arbitrary<unknown> {
  const properties = Object.entries(inputSchema.properties ?? {});
  const right = fc.record(Object.fromEntries(properties.map(([name, { type }]) => [name, or(fitting(type))])), {
    requiredKeys: [],
  });
  return or(right, fc.oneof(anything, fc.dictionary(fc.constantFrom(...names, 'text'), anything)));
}

const common = {
  inputResponses: fc.dictionary(fc.constantFrom('a', 'name', '__proto__'), anything),
  requestState: or(fc.base64String({ maxLength: 200 })),
  cursor: or(fc.oneof(fc.constantFrom('', 'eyJ', 'x'.repeat(3000)), fc.base64String())),
  level: or(fc.constantFrom('debug', 'error')),
  taskId: or(fc.constantFrom('x', '00000000-0000-0000-0000-000000000000')),
  requestId: id,
  notifications: or(
    fc.record(
      {
        toolsListChanged: or(fc.boolean()),
        resourcesListChanged: or(fc.boolean()),
        resourceSubscriptions: or(fc.array(fc.constantFrom('test://a', ...names), { maxLength: 5 })),
      },
      { requiredKeys: [] },
    ),
  ),
  protocolVersion: or(fc.constantFrom(...VERSIONS)),
  capabilities: or(fc.constantFrom({}, { elicitation: {}, sampling: {}, roots: { listChanged: true } })),
  clientInfo: or(fc.constant({ name: 'fuzz', version: '1' })),
} as const;

const uri = fc.oneof(
  fc.constantFrom('tasks://all', 'test://static-text', 'test://template/1/data', 'file:///etc/passwd', ...names),
  fc.webUrl(),
);

/** A method with its parameters, but for `_meta`. */
function requests(tools: readonly KnownTool[]): Arbitrary<{ method: string; params: Record<string, unknown> }> {
  const call = fc
    .constantFrom(...tools)
    .chain((tool) =>
      fc.record({ name: or(fc.constant(tool.name), fc.constantFrom(...names), 20), arguments: argumentsOf(tool) }),
    );
  const read = fc.record({ uri: or(uri) });
  const prompt = fc.record({ name: or(fc.constantFrom('test_simple_prompt', ...names)), arguments: anything });
  const complete = fc.record({
    ref: or(fc.record({ type: fc.constantFrom('ref/prompt', 'ref/resource', 'x'), name: anything, uri: or(uri) })),
    argument: or(fc.record({ name: or(fc.string({ maxLength: 9 })), value: or(fc.string({ maxLength: 9 })) })),
    context: anything,
  });
  const extra = fc.record(common, { requiredKeys: [] });
  const as = (
    method: string,
    params: Arbitrary<object>,
  ): Arbitrary<{ method: string; params: Record<string, unknown> }> =>
    fc.tuple(params, fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, extra)).map(([given, more]) => ({
      method,
      params: { ...more, ...given },
    }));
  return fc.oneof(
    { weight: 6, arbitrary: as('tools/call', call) },
    { weight: 2, arbitrary: as('resources/read', read) },
    { weight: 1, arbitrary: as('resources/subscribe', read) },
    { weight: 1, arbitrary: as('prompts/get', prompt) },
    { weight: 1, arbitrary: as('completion/complete', complete) },
    { weight: 6, arbitrary: fc.constantFrom(...METHODS).chain((method) => as(method, extra)) },
  );
}

/** Every other message is of the newest revision. */
export function messages(tools: readonly KnownTool[]): Arbitrary<Message> {
  const parts = fc.record({
    request: requests(tools),
    id,
    meta: or(meta, anything, 60),
    jsonrpc: or(fc.constant('2.0'), anything, 60),
    older: fc.option(fc.constantFrom(...VERSIONS.slice(1, 5)), { nil: undefined, freq: 2 }),
    shape: fc.nat(80),
  });
  return parts.map(({ request: { method, params }, id, meta, jsonrpc, older, shape }) => {
    const given = older === undefined ? { ...params, _meta: meta } : params;
    const message = { jsonrpc, id, method, params: shape === 0 ? meta : given };
    const name = params['name'] ?? params['uri'] ?? params['taskId'];
    return {
      method,
      version: older ?? MODERN,
      name: typeof name === 'string' ? name : undefined,
      body: shaped(message, shape),
    };
  });
}

/** Now and then not one request: a batch, a value that is no message, an answer. */
function shaped(message: { readonly id: unknown; readonly params: unknown }, shape: number): unknown {
  if (shape === 1) return [message, message];
  if (shape === 2) return message.params;
  if (shape === 3) return { jsonrpc: '2.0', id: message.id, result: message.params };
  return message;
}
