/**
 * A controller at work against the in-memory API server, and what a test asks of the outcome. Knows neither of the two
 * kinds: the world of each adds what plays its pods.
 */
import { findCondition } from '#operator/kit/conditions.ts';
import type { Condition, KubeObject, Resource } from '#operator/kit/object.ts';
import { events } from '#operator/kit/resources.ts';
import { startTestApi, type TestApi } from '#operator/kit/testing/api.ts';
import { key, quiet } from './cluster.ts';
import type { Operator } from './operator.ts';

interface Conditioned {
  readonly conditions?: readonly Condition[] | undefined;
}

/** Without a name, every question is about the object of the world's own name. */
export interface World<Status extends Conditioned> extends AsyncDisposable {
  readonly api: TestApi;
  status(name?: string): Status | undefined;
  /** As `status/reason`; '' where there is none. */
  condition(type: string, name?: string): string;
  /** Events about the object, as `type reason`. */
  events(name?: string): readonly string[];
  /** Status writes so far. */
  statusWrites(name?: string): number;
  /** Resolves when the operator has written nothing for a while. */
  quiet(): Promise<void>;
  /** Ends the operator and starts another one. */
  restart(): Promise<void>;
}

export interface WorldOptions<Status extends Conditioned> {
  readonly resource: Resource<KubeObject & { readonly status?: Status }>;
  readonly name: string;
  /** Starts the controller. */
  readonly start: (api: TestApi) => Operator;
}

export async function startWorld<Status extends Conditioned>({
  resource,
  name: own,
  start,
}: WorldOptions<Status>): Promise<World<Status>> {
  const api = await startTestApi();
  let operator = start(api);
  const status = (name = own): Status | undefined => api.find(resource, key(name))?.status;
  return {
    api,
    status,
    condition: (type, name) => {
      const found = findCondition(status(name)?.conditions, type);
      return found === undefined ? '' : `${found.status}/${found.reason}`;
    },
    events: (name = own) =>
      api
        .list(events)
        .filter(({ regarding }) => regarding.name === name)
        .map(({ type, reason }) => `${type} ${reason}`),
    statusWrites: (name = own) =>
      api.writes.filter(({ path }) => path.endsWith(`/${resource.plural}/${name}/status`)).length,
    quiet: () => quiet(api),
    restart: async () => {
      await operator.stop();
      operator = start(api);
      await operator.synced;
    },
    [Symbol.asyncDispose]: async () => {
      await operator.stop();
      await api.close();
    },
  };
}
