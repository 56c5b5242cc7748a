/**
 * The revisions with `initialize`, and where they differ on the wire. Plain data.
 */
import { MODERN, REVISIONS, type Revision } from '../request.ts';

export type LegacyRevision = Exclude<Revision, typeof MODERN>;

export const LEGACY_REVISIONS = REVISIONS.filter((revision) => revision !== MODERN) as readonly LegacyRevision[];

/** Offered to a client that asks for a revision which is not spoken here. */
const NEWEST: LegacyRevision = '2025-11-25';
/** What a request over HTTP without a version header speaks; the header came with the revision after it. */
export const WITHOUT_HEADER: LegacyRevision = '2025-03-26';

export const isLegacyRevision = (text: unknown): text is LegacyRevision =>
  (LEGACY_REVISIONS as readonly unknown[]).includes(text);

export const negotiated = (asked: unknown): LegacyRevision => (isLegacyRevision(asked) ? asked : NEWEST);

/** JSON-RPC batches came with one revision and went with the next. */
export const hasBatches = (revision: LegacyRevision): boolean => revision <= '2025-03-26';

/** Before it the schema asks for an id in every error, and a client may take another for a broken message. */
export const hasErrorsWithoutId = (revision: LegacyRevision): boolean => revision >= '2025-11-25';

/** SEP-1699: streams begin with an event without content; clients of older revisions take that for a broken message. */
export const hasPriming = (revision: LegacyRevision): boolean => revision >= '2025-11-25';
