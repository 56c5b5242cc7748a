/**
 * One text for every value of JSON, however its objects were written, so that a hash of it says whether two values are
 * the same. Must not know what is compared.
 */
/** JSON with the keys of every object in order, so that equal values have equal texts, and others have others. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
