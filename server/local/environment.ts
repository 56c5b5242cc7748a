/**
 * A model endpoint from the environment, for running without a cluster: LITELLM_PROXY_URL and LITELLM_API_KEY, or
 * OPENAI_BASE_URL and OPENAI_API_KEY. Reads variables that are passed in; must not read the process's own.
 */
export interface EnvironmentEndpoint {
  /** Variable that named it. */
  readonly variable: string;
  /** Base URL without /v1. */
  readonly url: string;
  /** The credential; for the Authorization header only. */
  readonly key?: string;
  /** Model to ask, where the environment names one. */
  readonly model?: string;
}

export const ENVIRONMENT_BACKEND = 'environment';

const FAMILIES = [
  { url: 'LITELLM_PROXY_URL', key: 'LITELLM_API_KEY', model: 'LITELLM_MODEL' },
  { url: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY', model: 'OPENAI_MODEL' },
] as const;

type Variables = Readonly<Record<string, string | undefined>>;

/** The first that is set. */
export function environmentEndpoint(variables: Variables): EnvironmentEndpoint | undefined {
  for (const family of FAMILIES) {
    const url = variables[family.url]?.trim().replace(/\/+$/, '').replace(/\/v1$/, '');
    if (!url) continue;
    const key = variables[family.key];
    const model = variables[family.model];
    return { variable: family.url, url, ...(key ? { key } : {}), ...(model ? { model } : {}) };
  }
  return undefined;
}

const LIST_MS = 3_000;

/** The first model that the endpoint lists; undefined where it does not answer within three seconds. */
export async function firstModel({ url, key }: EnvironmentEndpoint, fetchModels = fetch): Promise<string | undefined> {
  try {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await fetchModels(`${url}/v1/models`, {
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(LIST_MS),
    });
    const listed = (await response.json()) as { data?: readonly { id?: unknown }[] };
    const id = listed.data?.[0]?.id;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined; // the caller says what it means that nobody answered
  }
}
