/**
 * Backends that run elsewhere: nothing is made, their answers alone are told.
 */
import { describe, expect, test } from 'vitest';
import { engine, errorReply } from '#models/testing/openai-engine.ts';
import { SILENCE, startScripted } from '#models/testing/scripted.ts';
import * as kinds from '#operator/kit/resources.ts';
import { modelBackends } from '#operator/workload/customresources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { external, secret } from './testing/fixtures.ts';
import { startGate } from './testing/gate.ts';
import { KEY } from './testing/specs.ts';
import { HEALTH, startWorld, type World } from './testing/world.ts';

describe('a hosted API', () => {
  const hosted = (world: World, spec: Parameters<typeof external>[1] = {}) =>
    world.api.put(modelBackends, external(world.engine.url, { health: HEALTH, ...spec }));

  test('is ready once its models answered, unready when it is gone, and ready when it is back', async () => {
    await using world = await startWorld();
    await using gate = await startGate(world.engine.port);
    world.api.put(modelBackends, external(gate.url, { health: HEALTH }));
    await world.until('Ready', 'True/Serving');
    await world.quiet();
    expect(world.statusWrites()).toBeLessThanOrEqual(3);
    await gate.shut();
    await world.until('Ready', 'False/ConnectionRefused');
    expect(world.api.list(kinds.deployments)).toEqual([]);
    await gate.open();
    await world.until('Ready', 'True/Serving');
    await until(() => expect(world.events()).toEqual(['Normal Ready', 'Warning ConnectionRefused']));
  });

  test('that lacks one of its models is degraded and says which', async () => {
    await using world = await startWorld();
    hosted(world, { models: [{ name: 'tiny' }, { name: 'huge' }] });
    world.engine.answer((request, i) =>
      request.body.includes('"huge"')
        ? errorReply(404, { message: 'no such model', code: 'model_not_found' })
        : engine(['tiny'])(request, i),
    );
    await world.until('Degraded', 'True/ModelsMissing');
    await world.until('Ready', 'True/Serving');
    expect(world.condition('ModelsLoaded')).toBe('False/NotListed');
    await world.quiet();
    expect(world.status()?.models).toMatchObject([{ state: 'Loaded' }, { state: 'Failed' }]);
  });

  test('is asked again at once with a credential that changed', async () => {
    await using world = await startWorld();
    const slow = { ...HEALTH, interval: '24h', inference: { interval: '24h', timeout: '40s' } };
    world.engine.answer((request, i) =>
      request.headers['authorization'] === 'Bearer right'
        ? engine(['tiny'])(request, i)
        : errorReply(401, { message: 'no' }),
    );
    hosted(world, { ...KEY, health: slow });
    await world.until('Accepted', 'False/SecretNotFound');
    expect(world.engine.requests).toEqual([]);
    world.api.put(kinds.secrets, secret('wrong'));
    await world.until('Ready', 'False/Unauthorized');
    world.api.put(kinds.secrets, secret('right'));
    await world.until('Ready', 'True/Serving');
    world.api.put(kinds.secrets, secret('wrong'));
    await world.until('Ready', 'False/Unauthorized');
    expect(JSON.stringify(world.api.list(modelBackends))).not.toMatch(/wrong|right/);
  });

  test('that hangs shows, and a hundred of them delay nobody', async () => {
    await using world = await startWorld();
    const hanging = await startScripted(() => SILENCE);
    // Whoever waited for these would wait longer than this test.
    const forEver = { interval: '24h', timeout: '24h' };
    for (let i = 0; i < 100; i += 1) {
      world.api.put(modelBackends, external(hanging.url, { health: forEver }, `hanging-${i}`));
    }
    await until(() => expect(hanging.requests.length).toBe(100));
    await world.serve();
    world.apply({ image: 'example.com/llama.cpp:2' });
    const image = () => world.api.get(kinds.deployments, key('llama')).spec.template.spec.containers[0]?.image;
    await until(() => expect(image()).toBe('example.com/llama.cpp:2'));
    world.api.put(modelBackends, external(hanging.url, { health: HEALTH }, 'impatient'));
    await until(() => expect(world.condition('Ready', 'impatient')).toBe('False/Timeout'));
    await hanging.close();
  });
});
