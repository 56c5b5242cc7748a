/**
 * What the state of a call that is to be sent again is good for.
 */
import { expect, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import type { InputRequired } from './request.ts';
import { type Binding, givenAnswers, Rounds } from './rounds.ts';
import { openSealer } from './sealing.ts';

const log = createLog({ level: 'silent', destination: 'stderr' });
const sealer = openSealer({ now: () => new Date(), log });
const made: Binding = { caller: 'ada', method: 'tools/call', name: 'move', arguments: { what: { a: 1, b: [2] } } };

/** The state of a call with one answer, `yes` to `sure`, that waits for another. */
async function stateFor(binding: Binding): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<InputRequired>();
  const rounds = new Rounds({ given: { sure: 'yes' }, sealer, binding, suspend: resolve });
  await rounds.ask('sure', {} as never, String);
  await Promise.all([promise, expect(rounds.ask('where', {} as never, String)).rejects.toThrow('asked first')]);
  return (await promise).requestState;
}

test('a state brings the answers of earlier rounds back, however the arguments are written', async () => {
  const requestState = await stateFor(made);
  const again: Binding = { ...made, arguments: { what: { b: [2], a: 1 } } };
  expect(givenAnswers({ requestState, inputResponses: { where: 'there' } }, sealer, again)).toEqual({
    sure: 'yes',
    where: 'there',
  });
});

test.each<Partial<Binding>>([
  { caller: 'bob' },
  { method: 'prompts/get' },
  { name: 'delete' },
  { arguments: { what: { a: 1, b: [3] } } },
  { arguments: { what: { a: 1, b: { 0: 2 } } } },
  // The same in another shape.
  {
    arguments: {
      what: [
        ['a', 1],
        ['b', [2]],
      ],
    },
  },
  { arguments: undefined },
])('a state is not good for a call with %j', async (other) => {
  const requestState = await stateFor(made);
  expect(() => givenAnswers({ requestState }, sealer, { ...made, ...other })).toThrow(/not valid here/);
});
