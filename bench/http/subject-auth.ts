/**
 * What the product's check of an access token costs, measured within one process: the file that it is given names the
 * issuer and holds tokens. Judges tokens that it has judged before and tokens that are new, and prints a JSON object
 * with microseconds for each; the usual library alone verifies the same tokens beside it.
 */
import { readFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createAuthenticator } from '#server/auth/authenticator.ts';
import { serverConfig } from '#server/config.ts';
import { createLog } from '#server/telemetry/log.ts';

/** What the file named by the first argument holds. */
export interface AuthPlan {
  readonly auth: Readonly<Record<string, unknown>>;
  readonly jwksUri: string;
  /** Never used before; as many for each round as for another. */
  readonly tokens: readonly string[];
  readonly rounds: number;
}

/** Microseconds of processor time a token, one number a round. */
export interface AuthTimes {
  readonly cached: readonly number[];
  readonly verify: readonly number[];
  readonly jose: readonly number[];
}

const CACHED_LOOPS = 200;

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as AuthPlan;
const { auth } = serverConfig.parse({
  name: 'bench',
  toolsets: [{ name: 'bench' }],
  storage: { type: 'Embedded', path: ':memory:' },
  auth: plan.auth,
});
const authenticator = await createAuthenticator(auth, {
  resource: 'http://127.0.0.1/mcp',
  resourceName: 'bench',
  log: createLog({ level: 'warn', destination: 'stderr' }),
  now: Date.now,
});

/** As the parser makes it. Its headers have been read before: the Host header is checked first. */
function requestWith(token: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.rawHeaders = ['Host', '127.0.0.1', 'Content-Type', 'application/json', 'Authorization', `Bearer ${token}`];
  Object.assign(request.headers, {
    host: '127.0.0.1',
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
  });
  return request;
}

async function judge(request: IncomingMessage): Promise<void> {
  const verdict = await authenticator.authenticate(request);
  if (!verdict.ok) throw new Error(`a good token was refused: ${verdict.refusal.message}`);
}

/** Processor time of all threads: where signatures are checked on others, that counts too. */
const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const microseconds = (began: number, count: number): number => (cpuUs() - began) / count;

const perRound = Math.floor(plan.tokens.length / plan.rounds);
const keys = createRemoteJWKSet(new URL(plan.jwksUri));
const times = { cached: [] as number[], verify: [] as number[], jose: [] as number[] };
for (let round = 0; round < plan.rounds; round += 1) {
  const tokens = plan.tokens.slice(round * perRound, (round + 1) * perRound);
  const requests = tokens.map(requestWith);

  let began = cpuUs();
  for (const request of requests) await judge(request);
  times.verify.push(microseconds(began, tokens.length));

  // Those that were judged last are remembered.
  const known = tokens.slice(-100);
  const again = Array.from({ length: CACHED_LOOPS }, () => known.map(requestWith)).flat();
  began = cpuUs();
  for (const request of again) {
    const verdict = authenticator.authenticate(request);
    if (verdict instanceof Promise || !verdict.ok) throw new Error('a token that was judged a moment ago is not known');
  }
  times.cached.push(microseconds(began, again.length));

  began = cpuUs();
  for (const token of tokens) await jwtVerify(token, keys, { algorithms: ['RS256'] });
  times.jose.push(microseconds(began, tokens.length));
}
await authenticator.close();
process.stdout.write(`${JSON.stringify(times satisfies AuthTimes)}\n`);
