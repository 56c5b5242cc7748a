/**
 * What the status says follows what pods and their answers do.
 */
import { expect, test } from 'vitest';
import { errorReply, models } from '#models/testing/openai-engine.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import * as kinds from '#operator/kit/resources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { CRASHED, UNREADY } from './testing/fixtures.ts';
import { startWorld } from './testing/world.ts';

test('pods that turn unready or go make the backend unready, and it is asked again when they are back', async () => {
  await using world = await startWorld();
  await world.serve();
  world.api.setStatus(kinds.pods, key('llama-1'), UNREADY, 'kubelet');
  await world.until('Ready', 'False/NoReadyPods');
  expect(world.status()?.models).toMatchObject([{ state: 'Pending', reason: 'There is no ready pod to ask.' }]);
  const asked = world.engine.requests.length;
  world.run();
  await world.until('Ready', 'True/Serving');
  expect(world.engine.requests.length).toBeGreaterThanOrEqual(asked + 2);
  world.api.remove(kinds.pods, key('llama-1'));
  await world.until('Ready', 'False/NoReadyPods');
});

test('the last words of an engine are kept, in a form that may be shown', async () => {
  await using world = await startWorld();
  world.apply();
  await world.untilDeployed();
  world.run(CRASHED);
  await world.until('Ready', 'False/CrashLooping');
  await world.quiet();
  const failure = world.status()?.lastFailure;
  expect(failure).toMatchObject({ reason: 'OOMKilled', pod: 'llama-1', exitCode: 137 });
  expect(failure?.message).toMatch(/^\[31mout of memory x+…$/);
  world.run();
  await world.until('Ready', 'True/Serving');
  await world.quiet();
  expect(world.status()?.lastFailure).toEqual(failure);
});

test('pods of another revision are asked anew, and the backend stays ready meanwhile', async () => {
  await using world = await startWorld();
  await world.serve();
  await world.quiet();
  world.api.writes.length = 0;
  const asked = world.engine.requests.length;
  world.run(undefined, 'b2');
  await until(() => expect(world.engine.requests.length).toBeGreaterThanOrEqual(asked + 2));
  await world.quiet();
  expect(world.statusWrites()).toBe(0);
  world.engine.answer(({ path }) =>
    path.endsWith('/models') ? models('tiny') : errorReply(500, { message: 'weights are corrupt' }),
  );
  world.run(undefined, 'c3');
  await until(() => expect(world.condition('Ready')).toMatch(/^False/));
});

test('a spec that is not accepted changes nothing of what runs', async () => {
  await using world = await startWorld();
  await world.serve();
  const before = world.api.get(kinds.deployments, key('llama')).spec;
  world.apply({ image: 'example.com/llama.cpp:2', env: [{ name: 'HOME', value: '/root' }] });
  await world.until('Accepted', 'False/UnsupportedCombination');
  expect(world.condition('Degraded')).toBe('True/PreviousRevisionServing');
  expect(findCondition(world.status()?.conditions, 'Ready')?.message).toContain('spec.managed.env[HOME]');
  expect(world.api.get(kinds.deployments, key('llama')).spec).toEqual(before);
  world.apply();
  await world.until('Ready', 'True/Serving');
});
