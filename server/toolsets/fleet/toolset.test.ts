import { EventEmitter, once } from 'node:events';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { testDispatch, testRequest } from '../../protocol/dispatch.testing.ts';
import { fleet, VIEW_URI } from './toolset.ts';
import { VIEW } from './view.ts';

const NOW = '2026-11-21T12:00:00.000Z';
const backends = [
  { name: 'gpu', ready: true, reason: 'Available', models: ['qwen'] },
  { name: 'spare', ready: false, reason: 'Probing<b>', models: [] },
];
const deps = (found: typeof backends) => ({ inference: { backends: () => found }, now: () => new Date(NOW) });

test('the status says which backends are ready, in text too, and names its view', async () => {
  const { dispatch } = testDispatch(fleet, deps(backends));
  const answer = await dispatch.callTool('fleet_status', {}, testRequest());
  const status = { summary: '1 of 2 model backends are ready.', checkedAt: NOW, backends };
  expect(answer).toEqual({ content: [{ type: 'text', text: JSON.stringify(status) }], structuredContent: status });
  expect(dispatch.table.tools.get('fleet_status')?.listed._meta).toEqual({ ui: { resourceUri: VIEW_URI } });
  const none = await testDispatch(fleet, deps([])).dispatch.callTool('fleet_status', {}, testRequest());
  expect(none).toMatchObject({ structuredContent: { summary: 'This server has no model backends.' } });
});

test('the view is a page of its own that loads nothing', async () => {
  const { dispatch } = testDispatch(fleet, deps(backends));
  expect(await dispatch.readResource(VIEW_URI, testRequest())).toMatchObject({
    contents: [{ uri: VIEW_URI, mimeType: 'text/html;profile=mcp-app', text: VIEW }],
  });
  expect(VIEW).not.toMatch(/https?:|src=|href=|@import|url\(|innerHTML|eval/);
});

test('the view greets its host, shows what it is told as text, and asks again when it is told to', async () => {
  const page = openView();
  const [hello] = (await page.said()) as [{ id: number }];
  expect(hello).toMatchObject({ jsonrpc: '2.0', method: 'ui/initialize', params: { protocolVersion: '2026-01-26' } });
  page.tell({ id: hello.id, result: {} });
  expect(await page.said()).toMatchObject([{ method: 'ui/notifications/initialized' }]);
  const status = { summary: '1 of 2', checkedAt: NOW, backends };
  page.tell({ method: 'ui/notifications/tool-result', params: { structuredContent: status } });
  expect(page.element('summary').textContent).toBe('1 of 2');
  expect(page.cells()).toEqual([
    ['gpu', 'Ready', 'Available', 'qwen'],
    ['spare', 'Not ready', 'Probing<b>', ''],
  ]);
  expect(await page.said()).toMatchObject([{ method: 'ui/notifications/size-changed', params: { height: 100 } }]);
  page.element('refresh').emit('click');
  const [call] = (await page.said()) as [{ id: number }];
  expect(call).toMatchObject({ method: 'tools/call', params: { name: 'fleet_status' } });
  page.tell({ id: call.id, error: { message: 'gone' } });
  await vi.waitFor(() => expect(page.element('time').textContent).toBe('No answer: gone'));
});

test('the view hears nobody but its host', async () => {
  const page = openView();
  await page.said();
  const params = { structuredContent: { summary: 'forged', checkedAt: NOW, backends: [] } };
  page.tell({ method: 'ui/notifications/tool-result', params }, {});
  expect(page.element('summary').textContent).toBe('');
});

class Element extends EventEmitter {
  textContent = '';
  className = '';
  disabled = false;
  children: Element[] = [];
  addEventListener = (name: string, listener: () => void) => this.on(name, listener);
  append = (...more: Element[]) => this.children.push(...more);
  replaceChildren = (...all: Element[]) => void (this.children = all);
}

/** Runs the page's script with as much of a browser as it needs. */
function openView() {
  const elements = new Map<string, Element>();
  const element = (id: string): Element => {
    const known = elements.get(id) ?? new Element();
    elements.set(id, known);
    return known;
  };
  const messages = new EventEmitter();
  const heard: unknown[] = [];
  const host = { postMessage: (message: unknown) => (heard.push(message), messages.emit('said')) };
  const window = new EventEmitter();
  runInNewContext(/<script>([\s\S]*)<\/script>/.exec(VIEW)?.[1] ?? '', {
    window: { parent: host, addEventListener: (name: string, listener: () => void) => window.on(name, listener) },
    document: {
      getElementById: element,
      createElement: () => new Element(),
      documentElement: { getBoundingClientRect: () => ({ width: 320, height: 99.5 }) },
    },
  });
  return {
    element,
    cells: () => element('rows').children.map(({ children }) => children.map(({ textContent }) => textContent)),
    tell: (message: object, source: object = host) =>
      window.emit('message', { source, data: { jsonrpc: '2.0', ...message } }),
    said: async () => {
      if (heard.length === 0) await once(messages, 'said');
      return heard.splice(0);
    },
  };
}
