import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { fakeNodes } from './fake-nodes.ts';

test('fake nodes carry what the scheduler and selectors look at', async () => {
  const nodes = fakeNodes({ fakeNodes: 1, gpuNodes: { count: 1, gpus: 4 } });
  await expect(nodes.map((node) => stringify(node)).join('---\n')).toMatchFileSnapshot('./golden/fake-nodes.yaml');
});
