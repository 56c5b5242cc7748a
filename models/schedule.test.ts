import { expect, test } from 'vitest';
import { createSchedule, type ScheduleOptions } from './schedule.ts';
import { manualClock } from './testing/manual-clock.ts';

function setUp(run: ScheduleOptions['run'], options: Partial<ScheduleOptions> = {}) {
  const clock = manualClock();
  const errors: unknown[] = [];
  const schedule = createSchedule({
    clock,
    random: () => 0.5,
    run,
    intervalOf: () => 1_000,
    timeoutOf: () => 5_000,
    onError: (_, error) => errors.push(error),
    ...options,
  });
  return { clock, schedule, errors };
}

const forever = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('a key runs at once and then by its interval, counted from the end of a run', async () => {
  const times: number[] = [];
  const { clock, schedule } = setUp(async () => {
    times.push(clock.now());
  });
  schedule.add('a');
  await clock.advance(2_500);
  expect(times).toEqual([0, 1_000, 2_000]);
});

test('a run that hangs is aborted at its deadline and is tried again', async () => {
  const starts: number[] = [];
  const { clock, schedule, errors } = setUp((_, signal) => {
    starts.push(clock.now());
    return forever(signal);
  });
  schedule.add('a');
  await clock.advance(6_100);
  expect(starts).toEqual([0, 6_000]);
  expect(errors).toMatchObject([{ name: 'TimeoutError' }]);
});

test('keys that hang hold up a new key for a moment at first, and not at all afterwards', async () => {
  const first = new Map<string, number>();
  const { clock, schedule } = setUp(
    (key, signal) => {
      if (!first.has(key)) first.set(key, clock.now());
      return key.startsWith('hanging') ? forever(signal) : Promise.resolve();
    },
    { slots: 4, youngMs: 100 },
  );
  for (let i = 0; i < 40; i += 1) schedule.add(`hanging-${i}`);
  schedule.add('prompt');
  // By now the first of those that hang have started again.
  await clock.advance(6_050);
  // Ten groups of four pass through the slots, each for 100 ms.
  expect(first.get('prompt')).toBe(1_000);
  schedule.add('late');
  await clock.advance(1_000);
  expect(first.get('late')).toBe(6_050);
});

test('no more young runs go on than there are slots', async () => {
  let most = 0;
  let running = 0;
  const { clock, schedule } = setUp(
    async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => clock.after(10, resolve));
      running -= 1;
    },
    { slots: 3 },
  );
  for (let i = 0; i < 30; i += 1) schedule.add(`key-${i}`);
  await clock.advance(500);
  expect(most).toBe(3);
});

test('asked to run now, a key that runs already runs once more, and the promise is about that run', async () => {
  let runs = 0;
  const { clock, schedule } = setUp(async () => {
    runs += 1;
    await new Promise<void>((resolve) => clock.after(100, resolve));
  });
  schedule.add('a');
  await clock.advance(50);
  const runsWhenDone = Promise.all([schedule.now('a'), schedule.now('a')]).then(() => runs);
  await clock.advance(200);
  expect(await runsWhenDone).toBe(2);
});

test('a removed key is aborted and never runs again', async () => {
  let runs = 0;
  let aborted = false;
  const { clock, schedule } = setUp((_, signal) => {
    runs += 1;
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return forever(signal);
  });
  schedule.add('a');
  await clock.advance(10);
  schedule.remove('a');
  await clock.advance(20_000);
  expect({ runs, aborted }).toEqual({ runs: 1, aborted: true });
});

test('stop aborts what runs and leaves no timer behind', async () => {
  const { clock, schedule } = setUp((_, signal) => forever(signal));
  schedule.add('a');
  schedule.add('b');
  await clock.advance(10);
  await schedule.stop();
  expect(schedule.load()).toEqual({ running: 0, waiting: 0 });
  schedule.add('c');
  await clock.advance(10_000);
  expect(schedule.load()).toEqual({ running: 0, waiting: 0 });
});
