/**
 * The API group and its versions, said once. Everything that renders or reads an
 * object of ours takes the words from here.
 */
export const GROUP = 'mcpfleet.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;
