import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Toolset } from '../toolsets/toolset.ts';
import { type EchoDeps, echoToolset } from './echo.testing.ts';
import { PAGE_SIZE, page } from './page.ts';
import { compileTable } from './table.ts';
import { uriTemplate } from './uri-template.ts';

const open = (toolset: Toolset<EchoDeps, unknown>) => ({ toolset, deps: {} });

describe('a table is refused', () => {
  test('when two toolsets offer a tool or a resource of the same name', () => {
    const other = { ...echoToolset(), name: 'other' };
    expect(() => compileTable([open(echoToolset()), open(other)])).toThrow(
      'tool echo is offered by toolset echo and by toolset other',
    );
    expect(() => compileTable([open(echoToolset()), open({ ...other, tools: [] })])).toThrow('resource echo://all');
  });

  test('when a name is not of the form that clients accept', () => {
    const [tool] = echoToolset().tools;
    if (!tool) throw new Error('there is no tool');
    expect(() => compileTable([open({ ...echoToolset(), tools: [{ ...tool, name: 'my tool' }] })])).toThrow(
      '"my tool"',
    );
  });

  test('when a schema has no JSON Schema', () => {
    const [tool] = echoToolset().tools;
    if (!tool) throw new Error('there is no tool');
    const input = z.object({ when: z.date() });
    expect(() => compileTable([open({ ...echoToolset(), tools: [{ ...tool, input }] })])).toThrow(
      'tool echo: its input',
    );
  });
});

test('the listed schemas name no dialect, which older clients would not know', () => {
  for (const { listed: tool } of compileTable([open(echoToolset())]).tools.values()) {
    expect(tool.inputSchema).not.toHaveProperty('$schema');
    expect(tool.outputSchema).not.toHaveProperty('$schema');
  }
});

describe('URI templates', () => {
  test.each([
    ['tasks://{id}', 'tasks://TASK-0001', { id: 'TASK-0001' }],
    ['tasks://{id}', 'tasks://a%20b', { id: 'a b' }],
    ['a://{x}/b/{y}', 'a://1/b/2', { x: '1', y: '2' }],
    ['tasks://{id}', 'tasks://a/b', undefined],
    ['tasks://{id}', 'tasks://', undefined],
    ['tasks://{id}', 'tasks://%zz', undefined],
    ['tasks://{id}', `tasks://${'x'.repeat(3000)}`, undefined],
    ['a.b://{id}', 'axb://1', undefined],
  ])('%s and %s', (template, uri, variables) => {
    expect(uriTemplate(template).match(uri)).toEqual(variables);
  });

  test.each(['a://{/id*}', 'a://{?q}', 'a://{x}{y}', 'a://{', 'a://{}'])('%s is refused', (template) => {
    expect(() => uriTemplate(template)).toThrow(template);
  });

  test('matching a hostile URI takes no time', () => {
    const start = performance.now();
    uriTemplate('a://{x}-{y}-{z}').match(`a://${'-'.repeat(2000)}/`);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe('pages', () => {
  const key = (n: number): string => String(n).padStart(6, '0');
  const items = Array.from({ length: 2 * PAGE_SIZE + 1 }, (_, n) => n);

  test('together hold every item once', () => {
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const { items: part, nextCursor } = page(items, key, cursor);
      seen.push(...part);
      cursor = nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(items);
  });

  test('go on where they were when the last item is gone', () => {
    const { nextCursor } = page(items, key, undefined);
    expect(
      page(
        items.filter((n) => n !== PAGE_SIZE - 1),
        key,
        nextCursor,
      ).items[0],
    ).toBe(PAGE_SIZE);
  });

  test.each(['', '!', 'x'.repeat(5000)])('a cursor that is not ours is refused', (cursor) => {
    expect(() => page(items, key, cursor)).toThrow('The cursor is not valid.');
  });
});
