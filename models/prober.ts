/**
 * Asks backends whether they answer, and each model for one token, again and again and
 * beside everything else. A backend counts as good after it answered, not when it
 * started. Must not know Kubernetes: targets come in, results go out when they change.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Backend, BackendError } from './backend.ts';
import {
  identityOf,
  type ProbeModel,
  type ProbeResult,
  type ProbeTarget,
  smallestRequest,
  upstreamNameOf,
} from './probe.ts';
import { type Clock, createSchedule } from './schedule.ts';
import {
  answersWithoutList,
  failed,
  type History,
  modelVerdict,
  NEVER,
  pauseOf,
  reachability,
  SUCCEEDED,
} from './verdict.ts';

export interface ProberOptions {
  readonly open: (target: ProbeTarget) => Backend;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called when anything but latency and time changed. */
  readonly onResult: (key: string, result: ProbeResult) => void;
  /** A mistake in this program. */
  readonly onError: (key: string, error: unknown) => void;
  /** Young probes at a time, each of lists and of inference; 32 without it. */
  readonly concurrency?: number;
}

export interface Prober {
  /** Starts, or takes up a changed target; `result` is judged anew at once, without a callback. Does nothing for an equal one. */
  watch(key: string, target: ProbeTarget): void;
  forget(key: string): void;
  result(key: string): ProbeResult | undefined;
  /** Lists now, and asks the models that are not known to be good; resolves after the list. */
  probeNow(key: string): Promise<void>;
  stop(): Promise<void>;
}

interface ModelState {
  readonly model: ProbeModel;
  listed: boolean | undefined;
  inference: History;
  proven: boolean;
}

interface Watched {
  target: ProbeTarget;
  backend: Backend;
  listing: History;
  others: readonly string[];
  models: Map<string, ModelState>;
  result: ProbeResult;
}

/** Key of an inference probe; names of objects hold no line break. */
const join = (key: string, model: string): string => `${key}\n${model}`;
const split = (joined: string): [string, string] => {
  const at = joined.indexOf('\n');
  return [joined.slice(0, at), joined.slice(at + 1)];
};

export function createProber(options: ProberOptions): Prober {
  const { open, clock, random, onResult, onError } = options;
  const watched = new Map<string, Watched>();
  const shared = {
    clock,
    random,
    onError,
    ...(options.concurrency === undefined ? {} : { slots: options.concurrency }),
  };

  const lists = createSchedule({
    ...shared,
    run: list,
    intervalOf: (key) => {
      const entry = watched.get(key);
      return entry === undefined ? 0 : pauseOf(entry.listing, entry.target.health.intervalMs);
    },
    timeoutOf: (key) => watched.get(key)?.target.health.timeoutMs ?? 0,
  });

  const inferences = createSchedule({
    ...shared,
    run: infer,
    intervalOf: (joined) => {
      const [key, name] = split(joined);
      const entry = watched.get(key);
      const history = entry?.models.get(name)?.inference ?? NEVER;
      const { intervalMs = 0 } = entry?.target.health.inference ?? {};
      // While a model fails it is asked about as often as it is listed, which costs nothing as nothing is generated.
      const slowest = Math.min(intervalMs, entry?.target.health.intervalMs ?? 0);
      return history.failures === 0 ? intervalMs : pauseOf(history, slowest);
    },
    timeoutOf: (joined) => watched.get(split(joined)[0])?.target.health.inference.timeoutMs ?? 0,
  });

  /** The credential is always that of the newest target. */
  function connect(key: string, target: ProbeTarget): Backend {
    const credential = async () => watched.get(key)?.target.endpoint.credential?.();
    return open({ ...target, endpoint: { ...target.endpoint, credential } });
  }

  async function list(key: string, signal: AbortSignal): Promise<void> {
    const entry = watched.get(key);
    if (entry === undefined) return;
    const { backend } = entry;
    const started = clock.now();
    const outcome = await backend.listModels({ signal }).catch(expected);
    if (watched.get(key) !== entry || entry.backend !== backend) return;
    const wasGood = entry.listing.good;
    if (!(outcome instanceof BackendError)) {
      entry.listing = SUCCEEDED;
      entry.others = outcome;
    } else if (answersWithoutList(outcome)) {
      entry.listing = SUCCEEDED;
    } else {
      entry.listing = failed(entry.listing, outcome, entry.target.health.failureThreshold);
    }
    const names = outcome instanceof BackendError ? undefined : new Set(outcome);
    for (const state of entry.models.values()) {
      const listed = names === undefined ? state.listed : names.has(upstreamNameOf(state.model));
      const appeared = listed !== state.listed && state.listed !== undefined;
      state.listed = listed;
      if (!entry.listing.good) state.inference = NEVER;
      else if (!wasGood || appeared) ask(key, entry, state);
    }
    publish(key, entry, { latencyMs: clock.now() - started, checkedAt: clock.now() });
  }

  /** Asks a model now: because its backend is new or back, or lists it anew. */
  function ask(key: string, entry: Watched, { model }: ModelState): void {
    if (!entry.target.health.inference.enabled) return;
    const joined = join(key, model.name);
    if (!inferences.add(joined)) void inferences.now(joined);
  }

  async function infer(joined: string, signal: AbortSignal): Promise<void> {
    const [key, name] = split(joined);
    const entry = watched.get(key);
    const state = entry?.models.get(name);
    // Without an answer to lists there is nothing to ask; the model is asked when there is one again.
    if (entry === undefined || state === undefined || !entry.listing.good) return;
    const { backend } = entry;
    const outcome = await smallestRequest(backend, state.model, signal).catch(expected);
    const outdated = entry.models.get(name) !== state || entry.backend !== backend || !entry.listing.good;
    if (watched.get(key) !== entry || outdated) return;
    state.inference =
      outcome instanceof BackendError
        ? failed(state.inference, outcome, entry.target.health.failureThreshold)
        : SUCCEEDED;
    state.proven ||= state.inference.good;
    publish(key, entry, {});
  }

  function publish(key: string, entry: Watched, times: Partial<ProbeResult>): void {
    const before = entry.result;
    judge(entry, times);
    const { reachable, models } = entry.result;
    if (!isDeepStrictEqual([before.reachable, before.models], [reachable, models])) onResult(key, entry.result);
  }

  function judge(entry: Watched, times: Partial<ProbeResult>): void {
    const { listing, others, target } = entry;
    const states = [...entry.models.values()];
    const refused = states.find(({ inference }) => !inference.good && inference.lastFailure?.reason === 'Unauthorized');
    const reachable = reachability(listing, listing.good ? refused?.inference.lastFailure : undefined);
    const models = states.map(({ model, listed, inference, proven }) =>
      modelVerdict({
        name: model.name,
        upstreamName: upstreamNameOf(model),
        reachable: listing.good,
        proven,
        listed,
        others,
        inference,
        inferenceEnabled: target.health.inference.enabled,
      }),
    );
    entry.result = { ...entry.result, ...times, reachable, models };
  }

  function restart(key: string, entry: Watched): void {
    for (const name of entry.models.keys()) inferences.remove(join(key, name));
    lists.remove(key);
    entry.models = new Map(entry.target.models.map((model) => [model.name, fresh(model)]));
    judge(entry, { latencyMs: undefined, checkedAt: undefined });
    lists.add(key);
  }

  /** Models that stayed keep what is known of them. */
  function adopt(key: string, entry: Watched): void {
    const before = entry.models;
    entry.models = new Map(
      entry.target.models.map((model) => {
        const known = before.get(model.name);
        const kept = known !== undefined && isDeepStrictEqual(known.model, model) ? known : fresh(model);
        return [model.name, kept];
      }),
    );
    for (const [name, state] of before) {
      if (entry.models.get(name) !== state || !entry.target.health.inference.enabled)
        inferences.remove(join(key, name));
    }
    for (const state of entry.models.values()) {
      if (entry.listing.good && !state.inference.good) ask(key, entry, state);
    }
    judge(entry, {});
    void lists.now(key);
  }

  return {
    watch(key, target) {
      const entry = watched.get(key);
      if (entry === undefined) {
        const unknown = reachability(NEVER, undefined);
        const result = { reachable: unknown, models: [], latencyMs: undefined, checkedAt: undefined };
        const backend = connect(key, target);
        const added: Watched = { target, backend, listing: NEVER, others: [], models: new Map(), result };
        watched.set(key, added);
        return restart(key, added);
      }
      const before = entry.target;
      entry.target = target;
      const same = identityOf(before) === identityOf(target);
      if (!same || !isDeepStrictEqual(before.endpoint.timeouts, target.endpoint.timeouts)) {
        void entry.backend.shutdown();
        entry.backend = connect(key, target);
      }
      if (!same) {
        entry.listing = NEVER;
        entry.others = [];
        restart(key, entry);
      } else if (!isDeepStrictEqual([before.models, before.health], [target.models, target.health])) {
        adopt(key, entry);
      }
    },
    forget(key) {
      const entry = watched.get(key);
      if (entry === undefined) return;
      watched.delete(key);
      lists.remove(key);
      for (const name of entry.models.keys()) inferences.remove(join(key, name));
      void entry.backend.shutdown();
    },
    result: (key) => watched.get(key)?.result,
    async probeNow(key) {
      const entry = watched.get(key);
      if (entry === undefined) return;
      await lists.now(key);
      if (watched.get(key) !== entry || !entry.listing.good) return;
      for (const state of entry.models.values()) if (!state.inference.good) ask(key, entry, state);
    },
    async stop() {
      const entries = [...watched.values()];
      watched.clear();
      await Promise.all([lists.stop(), inferences.stop(), ...entries.map(({ backend }) => backend.shutdown())]);
    },
  };
}

const fresh = (model: ProbeModel): ModelState => ({ model, listed: undefined, inference: NEVER, proven: false });

/** Failures of a backend are results; anything else is a mistake of this program. */
function expected(error: unknown): BackendError {
  if (error instanceof BackendError) return error;
  throw error;
}
