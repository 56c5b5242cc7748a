/**
 * What the conformance image runs in a pod: the suite against one server, and the result as one JSON object where the
 * kubelet takes a container's last words from. Knows nothing of who asked for it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRelay } from '../cluster/relay.ts';
import { FIXTURES, PLAIN } from './legs.ts';
import { runLegs } from './run.ts';
import { resultOf } from './scores.ts';
import { suiteVersion } from './suite.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    scenarios: { type: 'string', default: 'plain' },
    result: { type: 'string', default: '/dev/termination-log' },
  },
});
const legs = { fixtures: FIXTURES, plain: PLAIN }[values.scenarios];
if (!URL.canParse(values.url) || !legs)
  throw new Error('Usage: --url http://HOST/PATH [--scenarios fixtures|plain] [--result FILE]');
const front = new URL(values.url);
if (front.protocol !== 'http:') throw new Error(`--url ${values.url}: the suite needs plain HTTP`);

/** The suite tries DNS rebinding on a loopback address only. */
const relay = createRelay(front.hostname, Number(front.port === '' ? 80 : front.port));
await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
const address = relay.address();
if (address === null || typeof address === 'string') throw new Error('the relay has no port');
const direct = `http://127.0.0.1:${address.port}${front.pathname}`;

const program = join(import.meta.dirname, 'suite.mjs');
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const scores = await runLegs(legs, { front: front.href, direct }, { program, print });
const result = resultOf(await suiteVersion(program), scores);
await writeFile(values.result, JSON.stringify(result));
print(JSON.stringify(result));
relay.close();
if (result.passed < result.total) process.exitCode = 1;
