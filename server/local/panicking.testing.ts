/**
 * Loaded before an entry file of the server: `list_tasks` throws where nobody can catch it, and so does the process
 * itself when it is sent SIGUSR2.
 */
import { tasks } from '../toolsets/tasks/toolset.ts';

const later = (): void => {
  setTimeout(() => {
    throw new Error('hunter2');
  }, 1);
};
const panic = (): Promise<never> => {
  later();
  return new Promise(() => undefined);
};

const tool = tasks.tools.find(({ name }) => name === 'list_tasks');
Object.assign(tool ?? {}, { run: panic });
process.on('SIGUSR2', later);
