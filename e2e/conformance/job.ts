/**
 * What the conformance image runs in a pod: the suite against one server, and the result as one JSON object where the
 * kubelet takes a container's last words from. Knows nothing of who asked for it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRelay } from '../cluster/relay.ts';
import { runCommand, UsageError } from '../command-line.ts';
import { FIXTURES, PLAIN } from './legs.ts';
import { requireMcp } from './reachable.ts';
import { runLegs } from './run.ts';
import { resultOf } from './scores.ts';
import { suiteVersion } from './suite.ts';

const usage = `usage: --url http://HOST/PATH [--scenarios fixtures|plain] [--result FILE]
  Examines the server at the URL and writes the result, one JSON object, to FILE
  (/dev/termination-log). Exit code 0 only if every required scenario passes.`;

const options = {
  url: { type: 'string', default: '' },
  scenarios: { type: 'string', default: 'plain' },
  result: { type: 'string', default: '/dev/termination-log' },
} as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

await runCommand({ usage, options }, async ({ url, scenarios, result: file }) => {
  const legs = { fixtures: FIXTURES, plain: PLAIN }[scenarios];
  if (legs === undefined) throw new UsageError(`--scenarios ${scenarios}: give fixtures or plain`);
  await requireMcp('--url', url);
  const front = new URL(url);
  if (front.protocol !== 'http:') throw new UsageError(`--url ${url}: the suite needs plain HTTP`);

  // The suite tries DNS rebinding on a loopback address only.
  const relay = createRelay(front.hostname, Number(front.port === '' ? 80 : front.port));
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  const direct = `http://127.0.0.1:${address.port}${front.pathname}`;

  const program = join(import.meta.dirname, 'suite.mjs');
  const scores = await runLegs(legs, { front: front.href, direct }, { program, print });
  const result = resultOf(await suiteVersion(program), scores);
  await writeFile(file, JSON.stringify(result));
  print(JSON.stringify(result));
  relay.close();
  return result.passed < result.total ? 1 : 0;
});
