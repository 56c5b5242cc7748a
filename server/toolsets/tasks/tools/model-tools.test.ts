import { afterAll, expect, test } from 'vitest';
import { type Inference, InferenceError, type Question } from '../../../inference/inference.ts';
import { openDatabase } from '../../../store/database.ts';
import { silent } from '../../../store/databases.testing.ts';
import { noModel, openTasks } from '../tasks.testing.ts';

const stores: Awaited<ReturnType<typeof openDatabase>>[] = [];
afterAll(() => Promise.all(stores.map((store) => store.close())));

async function open(inference: Inference, modelDeadline = '30s') {
  const store = await openDatabase({ type: 'Embedded', path: ':memory:' }, { log: silent });
  stores.push(store);
  return openTasks(store, { inference, config: { modelDeadline } });
}

/** Says the same whatever it is asked, and keeps the questions. */
function saying(answer: object) {
  const questions: Question[] = [];
  const inference: Inference = {
    async chat(question) {
      questions.push(question);
      const usage = { inputTokens: 1, outputTokens: 1, estimated: false };
      return { text: JSON.stringify(answer), finishReason: 'stop', usage, backend: 'local', model: 'tiny' };
    },
    backends: () => [],
  };
  return { inference, questions };
}

const advice = { top_priorities: [], recommendations: ['Rest.'], risks: ['Rain.'] };

test('analyze_workload takes numbers and assessment from the tasks and words from the model', async () => {
  const { inference } = saying({ ...advice, top_priorities: [{ task_id: 'TASK-0002', why: 'Because.' }] });
  const { create, call, steps } = await open(inference);
  await create({ title: 'Tax', priority: 'urgent', due_date: '2030-03-10' });
  await create({ title: 'Report', priority: 'high', due_date: '2030-03-20', effort_hours: 30 });
  await create({ title: 'Done', status: 'completed' });
  await create({ title: 'Started', status: 'in_progress' });
  expect(await call('analyze_workload')).toEqual({
    summary: { total: 4, pending: 2, urgent: 1, high: 1, overdue: 1 },
    assessment: 'heavy',
    top_priorities: [
      { task_id: 'TASK-0002', title: 'Report', priority: 'high', due_date: '2030-03-20', why: 'Because.' },
      {
        task_id: 'TASK-0001',
        title: 'Tax',
        priority: 'urgent',
        due_date: '2030-03-10',
        why: 'urgent priority, overdue by 5 days',
      },
      {
        task_id: 'TASK-0004',
        title: 'Started',
        priority: 'normal',
        why: 'normal priority, no due date, already in progress',
      },
    ],
    recommendations: ['Rest.'],
    risks: ['Rain.'],
    time_horizon: 'week',
    status: 'ok',
    model: 'tiny',
  });
  expect(steps).toEqual([
    { progress: 1, total: 3, message: 'Analysing 3 tasks' },
    { progress: 2, total: 3, message: 'Asking the model' },
    { progress: 3, total: 3, message: 'Checking the answer' },
  ]);
});

test('ids that a model invents, repeats or takes from finished tasks are dropped', async () => {
  const chosen = ['TASK-0999', 'TASK-0002', 'TASK-0002'].map((task_id) => ({ task_id, why: 'x' }));
  const { inference } = saying({ ...advice, top_priorities: chosen });
  const { create, call } = await open(inference);
  await create({ title: 'Open' });
  await create({ title: 'Done', status: 'completed' });
  expect(await call('analyze_workload')).toMatchObject({ status: 'ok', top_priorities: [{ task_id: 'TASK-0001' }] });
});

test('the numbers are those of all tasks on a store with none, and no model is asked', async () => {
  const { inference, questions } = saying(advice);
  const { call, create } = await open(inference);
  const empty = {
    assessment: 'manageable',
    top_priorities: [],
    recommendations: [],
    risks: [],
    time_horizon: 'day',
    status: 'empty',
  };
  const summary = { total: 0, pending: 0, urgent: 0, high: 0, overdue: 0 };
  expect(await call('analyze_workload', { time_horizon: 'day' })).toEqual({ ...empty, summary });
  expect(await call('suggest_next_action')).toEqual({
    suggestion: null,
    task_count: 0,
    generated_at: '2030-03-15T12:00:00.000Z',
    message: 'There are no open tasks. Call create_task to add one.',
    status: 'empty',
  });
  await create({ title: 'Done', status: 'completed' });
  expect(await call('analyze_workload', { time_horizon: 'day' })).toEqual({
    ...empty,
    summary: { ...summary, total: 1 },
  });
  expect(questions).toEqual([]);
});

test('without a model every answer is made by logic, marked, and says why', async () => {
  const { create, call } = await open(noModel);
  await create({ title: 'Tax', priority: 'urgent', due_date: '2030-03-10', effort_hours: 1.5 });
  await create({ title: 'Later', depends_on: ['TASK-0001'] });
  await create({ title: 'Stuck', status: 'blocked' });
  await create({ title: 'Next', priority: 'high' });
  const degraded = { status: 'degraded', error: 'No model backend is configured.' };
  const workload = await call('analyze_workload');
  expect(workload).toMatchObject({
    ...degraded,
    summary: { total: 4, pending: 3, urgent: 1, high: 1, overdue: 1 },
    top_priorities: [{ task_id: 'TASK-0001' }, { task_id: 'TASK-0004' }, { task_id: 'TASK-0002' }],
    recommendations: [
      'Start with TASK-0001: urgent priority, overdue by 5 days.',
      'Finish or reschedule 1 overdue task.',
    ],
    risks: ['1 task past the due date.', '1 task blocked.', '3 tasks without an estimate.'],
  });
  expect(workload).not.toHaveProperty('model');
  expect(await call('smart_prioritize', { task_description: 'Reply to the auditors today.' })).toEqual({
    ...degraded,
    input: 'Reply to the auditors today.',
    recommendation: {
      priority: 'urgent',
      title: 'Reply to the auditors today',
      effort_hours: 1,
      considerations: ['The description says "today": it sounds as if it cannot wait.'],
    },
  });
  expect(await call('suggest_next_action')).toEqual({
    ...degraded,
    suggestion: {
      task_id: 'TASK-0001',
      why: 'Tax: urgent priority, overdue by 5 days.',
      estimated_minutes: 90,
      after: 'Then TASK-0004: Next.',
    },
    task_count: 4,
    generated_at: '2030-03-15T12:00:00.000Z',
  });
});

test('an answer that never fits and one that never comes are degraded too, in time', async () => {
  const wrong = await open(saying({ nonsense: true }).inference);
  await wrong.create({ title: 'A' });
  const outcome = { status: 'degraded', error: 'Model tiny did not answer in the form that was asked for.' };
  expect(await wrong.call('analyze_workload')).toMatchObject(outcome);
  expect(await wrong.call('suggest_next_action')).toMatchObject({ ...outcome, suggestion: { task_id: 'TASK-0001' } });

  const deaf = await open({ chat: () => new Promise(() => undefined), backends: () => [] }, '50ms');
  await deaf.create({ title: 'A' });
  const start = performance.now();
  expect(await deaf.call('analyze_workload')).toMatchObject({
    status: 'degraded',
    error: 'No model answered within 0.05 s.',
  });
  expect(performance.now() - start).toBeLessThan(5_000);
});

test('a fault in the program is not taken for a missing model', async () => {
  const broken = await open({ chat: () => Promise.reject(new TypeError('x is not a function')), backends: () => [] });
  await broken.create({ title: 'A' });
  await expect(broken.call('analyze_workload')).rejects.toThrow(TypeError);
});

test('smart_prioritize gives what the model recommends, and creates nothing', async () => {
  const recommendation = { priority: 'high', title: 'Call Ann', effort_hours: 2, considerations: ['She waits.'] };
  const { call } = await open(saying(recommendation).inference);
  const input = 'call ann back';
  expect(await call('smart_prioritize', { task_description: input })).toEqual({
    input,
    recommendation,
    status: 'ok',
    model: 'tiny',
  });
  expect(await call('list_tasks')).toMatchObject({ count: 0 });
});

test('suggest_next_action offers only tasks that can be started, and falls back to logic for another id', async () => {
  const answer = { task_id: 'TASK-0003', why: 'W.', estimated_minutes: 25, after: 'A.' };
  const { inference, questions } = saying(answer);
  const { create, call } = await open(inference);
  await create({ title: 'First', priority: 'urgent' });
  await create({ title: 'Second', priority: 'urgent', depends_on: ['TASK-0001'] });
  await create({ title: 'Third' });
  expect(await call('suggest_next_action')).toMatchObject({ status: 'ok', task_count: 3, suggestion: answer });
  expect(questions[0]?.messages[1]?.content).not.toContain('"id":"TASK-0002"');
  await call('update_task', { task_id: 'TASK-0003', status: 'completed' });
  expect(await call('suggest_next_action')).toMatchObject({
    status: 'ok',
    suggestion: { task_id: 'TASK-0001', after: 'Nothing else is waiting.' },
  });
});

test('where everything is blocked the most urgent blocked task is named', async () => {
  const { create, call } = await open(noModel);
  await create({ title: 'Wait', status: 'blocked' });
  await create({ title: 'Stuck', status: 'blocked', priority: 'high' });
  expect(await call('suggest_next_action')).toMatchObject({
    suggestion: { task_id: 'TASK-0002', why: 'Stuck: high priority, no due date, blocked.' },
  });
});

test('what a model is shown is bounded, however much there is', async () => {
  const { inference, questions } = saying(advice);
  const { create, call } = await open(inference);
  const long = { description: 'd'.repeat(4000), assignee: 'a'.repeat(100), tags: ['t'.repeat(50)] };
  await Promise.all(
    Array.from({ length: 120 }, (_, index) => create({ ...long, title: `${index} ${'x'.repeat(190)}` })),
  );
  expect(await call('analyze_workload')).toMatchObject({ summary: { total: 120 }, status: 'ok' });
  const content = questions[0]?.messages.map((message) => message.content).join('') ?? '';
  expect(content.length).toBeLessThan(11_000);
  expect(content.match(/"id":"TASK-/g)?.length).toBeGreaterThan(15);
});

test('an error of a backend reaches the caller as its safe sentence only', async () => {
  const cause = new Error('connect ECONNREFUSED http://user:hunter2@10.0.0.1');
  const error = new InferenceError('Unavailable', 'Backend llm does not answer.', { cause });
  const { create, call } = await open({ chat: () => Promise.reject(error), backends: () => [] });
  await create({ title: 'A' });
  const result = await call('analyze_workload');
  expect(result).toMatchObject({ status: 'degraded', error: 'Backend llm does not answer.' });
  expect(JSON.stringify(result)).not.toContain('hunter2');
});
