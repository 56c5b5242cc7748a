/**
 * What the conditions are judged by: the server, the world as observed, the problems of its spec, and the status that
 * stands. Plain data.
 */
import type { MCP_SERVER_REASONS, McpServerStatus } from '#crds/mcpserver-status.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { Problem } from '#operator/workload/problem.ts';
import type { Verdict } from '#operator/workload/verdict.ts';
import type { Examined } from '../conformance/examination.ts';
import type { Observed } from '../observe.ts';

export interface Situation {
  readonly server: CachedMcpServer;
  readonly observed: Observed;
  readonly problems: readonly Problem[];
  /** The end of an examination that was asked for, where one has come. */
  readonly examined?: Examined | undefined;
  /** The last status that was written. */
  readonly previous: McpServerStatus | undefined;
}

type Reasons = typeof MCP_SERVER_REASONS;

/** A judgement about one condition type, with the reasons that this type may carry. */
export type Judgement<Type extends keyof Reasons> = Verdict<Reasons[Type][number]>;
