import { expect, test } from 'vitest';
import { chooseProvider, firstAvailable } from './choose.ts';
import type { Provider, ProviderName } from './provider.ts';

function provider(name: ProviderName, reason?: string): Provider {
  return {
    name,
    available: () => Promise.resolve(reason === undefined ? { ok: true } : { ok: false, reason }),
    start: () => Promise.reject(new Error('not in this test')),
  };
}

test('the first provider that is available is taken', async () => {
  const chosen = await firstAvailable([provider('kind', 'no Docker'), provider('local')]);
  expect(chosen.name).toBe('local');
});

test('when none is available the error says why for each', async () => {
  const none = firstAvailable([provider('kind', 'no Docker'), provider('local', 'it needs root')]);
  await expect(none).rejects.toThrow('No cluster can be had here. kind: no Docker; local: it needs root.');
});

test('who asks for an existing cluster never gets another one', async () => {
  const chosen = chooseProvider({ USE_EXISTING_CLUSTER: 'true' });
  await expect(chosen).rejects.toThrow('existing: KUBECONFIG is not set');
});
