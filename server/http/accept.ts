/**
 * Whether a client takes a type of content, by its Accept header; one without the header takes everything. Weights are
 * not looked at, because there is nothing to choose between.
 */
export const EVENT_STREAM = 'text/event-stream';

export const accepts = (accept: string | undefined, type: string): boolean =>
  accept === undefined || accept.includes(type) || accept.includes('*/*');
