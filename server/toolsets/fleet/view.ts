/**
 * The page that shows the result of fleet_status within a host (MCP Apps, 2026-01-26): it speaks JSON-RPC with the
 * window around it, loads nothing, and writes what it is given as text only.
 */
const STYLE = `
  :root { color-scheme: light dark; }
  body { margin: 0; padding: 12px; font: 14px/1.4 system-ui, sans-serif; }
  header { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; }
  h1 { font-size: 16px; margin: 0; }
  table { border-collapse: collapse; width: 100%; margin: 8px 0; }
  th, td { text-align: left; padding: 4px 8px 4px 0; border-bottom: 1px solid #8884; vertical-align: top; }
  .ready { color: #1a7f37; }
  .not { color: #c93c37; }
  small { opacity: 0.7; }
`;

const SCRIPT = `
  const host = window.parent;
  const waiting = new Map();
  let last = 0;
  const send = (message) => host.postMessage({ jsonrpc: '2.0', ...message }, '*');
  const ask = (method, params) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    send({ id: last, method, params });
  });
  const at = (id) => document.getElementById(id);
  const cell = (text, className) => {
    const element = document.createElement('td');
    element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const show = (status) => {
    if (!status || !Array.isArray(status.backends)) return;
    at('summary').textContent = status.summary;
    at('rows').replaceChildren(...status.backends.map(({ name, ready, reason, models }) => {
      const row = document.createElement('tr');
      row.append(cell(name), cell(ready ? 'Ready' : 'Not ready', ready ? 'ready' : 'not'), cell(reason), cell(models.join(', ')));
      return row;
    }));
    at('time').textContent = 'As of ' + new Date(status.checkedAt).toLocaleTimeString();
    const { width, height } = document.documentElement.getBoundingClientRect();
    send({ method: 'ui/notifications/size-changed', params: { width: Math.ceil(width), height: Math.ceil(height) } });
  };
  window.addEventListener('message', ({ source, data }) => {
    if (source !== host || !data || data.jsonrpc !== '2.0') return;
    if (data.method === 'ui/notifications/tool-result') show(data.params.structuredContent);
    else if (data.method !== undefined && data.id !== undefined) {
      const known = data.method === 'ping' || data.method === 'ui/resource-teardown';
      send(known ? { id: data.id, result: {} } : { id: data.id, error: { code: -32601, message: 'Method not found' } });
    } else if (waiting.has(data.id)) {
      const { resolve, reject } = waiting.get(data.id);
      waiting.delete(data.id);
      if (data.error) reject(new Error(data.error.message));
      else resolve(data.result);
    }
  });
  at('refresh').addEventListener('click', async () => {
    at('refresh').disabled = true;
    try {
      show((await ask('tools/call', { name: 'fleet_status', arguments: {} })).structuredContent);
    } catch (error) {
      at('time').textContent = 'No answer: ' + error.message;
    } finally {
      at('refresh').disabled = false;
    }
  });
  ask('ui/initialize', {
    protocolVersion: '2026-01-26',
    appInfo: { name: 'fleet-status', version: '1.0.0' },
    appCapabilities: { availableDisplayModes: ['inline'] },
  }).then(() => send({ method: 'ui/notifications/initialized', params: {} }));
`;

export const VIEW = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Status of the fleet</title><style>${STYLE}</style></head>
<body>
<header><h1 id="summary">Waiting for the status</h1><button id="refresh" type="button">Refresh</button></header>
<table>
<thead><tr><th>Backend</th><th>State</th><th>Reason</th><th>Models</th></tr></thead>
<tbody id="rows"></tbody>
</table>
<small id="time"></small>
<script>${SCRIPT}</script>
</body>
</html>
`;
