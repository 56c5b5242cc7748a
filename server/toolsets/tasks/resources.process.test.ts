import { expect, test } from 'vitest';
import { describeDatabases } from '../../store/databases.testing.ts';
import { openTasks } from './tasks.testing.ts';
import { tasks } from './toolset.ts';

const template = tasks.resources.find(({ uri }) => uri === 'tasks://{id}');

await describeDatabases((databases) => {
  const open = async () => openTasks(await databases.open());

  test('tasks://all holds every task', async () => {
    const { create, read } = await open();
    const [a, b] = [await create({ title: 'A' }), await create({ title: 'B', tags: ['x'] })];
    expect(await read('tasks://all')).toEqual({ count: 2, tasks: [a, b] });
  });

  test('tasks://overdue holds open tasks whose day has passed, and not today', async () => {
    const { create, read } = await open();
    await create({ title: 'late', due_date: '2030-03-14' });
    await create({ title: 'blocked and late', due_date: '2030-01-01', status: 'blocked' });
    await create({ title: 'today', due_date: '2030-03-15' });
    await create({ title: 'done', due_date: '2030-03-01', status: 'completed' });
    await create({ title: 'some day' });
    expect(await read('tasks://overdue')).toMatchObject({
      count: 2,
      tasks: [{ title: 'late' }, { title: 'blocked and late' }],
    });
  });

  test('tasks://{id} holds one task, and there is none for other ids', async () => {
    const { create, read } = await open();
    const task = await create({ title: 'A' });
    expect(await read('tasks://{id}', { id: 'TASK-0001' })).toEqual(task);
    for (const id of ['TASK-0002', '', '../x', 'a\u0000b', 'x'.repeat(100)])
      expect(await read('tasks://{id}', { id })).toBeUndefined();
  });

  test('ids are listed, and completed from what is typed', async () => {
    const { create, context, deps } = await open();
    for (let index = 1; index <= 11; index += 1) await create({ title: `T${index}` });
    const listed = await template?.list?.(context);
    expect(listed).toHaveLength(11);
    expect(listed?.[0]).toEqual({ uri: 'tasks://TASK-0001', name: 'T1' });
    const complete = (prefix: string) => template?.complete?.('id', prefix, deps);
    expect(await complete('TASK-001')).toEqual(['TASK-0010', 'TASK-0011']);
    expect(await complete('task-0001')).toEqual(['TASK-0001']);
    expect(await complete('')).toHaveLength(11);
    for (const prefix of ['X', '%', 'TASK-_', 'a\u0000']) expect(await complete(prefix)).toEqual([]);
  });
});
