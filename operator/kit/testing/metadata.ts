/**
 * What the API server writes into the metadata of every object, for tests that make cached objects by hand.
 */
export const STORED = {
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: {},
  annotations: {},
  ownerReferences: [],
} as const;
