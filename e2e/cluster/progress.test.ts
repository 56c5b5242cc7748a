import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressLines } from './progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('each step is one line with its time; one that takes long is announced before', () => {
  const lines: string[] = [];
  const progress = progressLines((line) => lines.push(line));
  progress({ step: 'Build kube', state: 'cached' });
  progress({ step: 'Start etcd', state: 'start' });
  vi.advanceTimersByTime(1000);
  progress({ step: 'Start etcd', state: 'done', seconds: 1 });
  progress({ step: 'Build helm', state: 'start' });
  vi.advanceTimersByTime(5000);
  progress({ step: 'Build helm', state: 'info', detail: 'another process is building it' });
  progress({ step: 'Build helm', state: 'done', seconds: 5.04 });
  expect(lines).toEqual([
    'Build kube (cached)\n',
    'Start etcd (1.0 s)\n',
    'Build helm …\n',
    'Build helm: another process is building it\n',
    'Build helm (5.0 s)\n',
  ]);
});
