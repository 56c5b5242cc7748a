/** Tools that speak while they run: log messages, progress, a connection let go. */
import { fixture } from '../define.ts';

/** Between two signs of life, in milliseconds. */
const PAUSE_MS = 50;
/** Long enough for a client to notice that its stream has ended, and to come back. */
const AWAY_MS = 100;

export const streamTools = [
  fixture('test_tool_with_logging', 'Log messages', 'Sends three log messages.', async ({ message, deps, signal }) => {
    message('info', 'Tool execution started');
    await deps.wait(PAUSE_MS, signal);
    message('info', 'Tool processing data');
    await deps.wait(PAUSE_MS, signal);
    message('info', 'Tool execution completed');
    return 'Tool with logging executed successfully';
  }),
  fixture('test_logging_tool', 'Log message', 'Sends a log message where the client wants it.', ({ message }) => {
    message('info', 'A message for clients that asked for this level', 'everything');
    return 'Logged.';
  }),
  fixture('test_tool_with_progress', 'Progress', 'Reports progress in three steps.', async (call) => {
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await call.deps.wait(PAUSE_MS, call.signal);
      call.progress({ progress, total: 100, message: `Completed step ${progress} of 100` });
    }
    return 'Tool with progress executed successfully';
  }),
  fixture('test_reconnection', 'Reconnection', 'Lets the connection go before it answers.', async (call) => {
    await call.detach();
    await call.deps.wait(AWAY_MS, call.signal);
    return 'Reconnection test completed successfully';
  }),
];
