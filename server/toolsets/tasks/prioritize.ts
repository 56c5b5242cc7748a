/**
 * Judges the description of a task that does not exist yet by its words alone: what
 * `smart_prioritize` answers without a model. Pure.
 */
import type { Priority } from './task.ts';

export interface Recommendation {
  readonly priority: Priority;
  readonly title: string;
  readonly effort_hours: number;
  readonly considerations: readonly string[];
}

const TITLE_LENGTH = 80;

const SIGNS: readonly { readonly priority: Priority; readonly words: RegExp; readonly why: string }[] = [
  {
    priority: 'urgent',
    words:
      /\b(urgent(ly)?|asap|immediately|right away|emergency|outage|down|breach|production (is|down|issue)|today|critical)\b/i,
    why: 'it sounds as if it cannot wait',
  },
  {
    priority: 'high',
    words: /\b(important|deadline|tomorrow|this week|customers?|security|blocking|blocker|soon|release)\b/i,
    why: 'others, or a date, seem to depend on it',
  },
  {
    priority: 'low',
    words:
      /\b(some ?day|nice to have|when(ever)? (there is|you have|i have) time|eventually|low priority|minor|cosmetic)\b/i,
    why: 'it sounds as if it can wait',
  },
];

const EFFORTS: readonly { readonly hours: number; readonly words: RegExp }[] = [
  { hours: 1, words: /\b(typo|quick|small|reply|call|e-?mail|remind|check|read)\b/i },
  { hours: 40, words: /\b(migrat\w+|rewrite|redesign|re-?architect\w*|rebuild)\b/i },
  { hours: 16, words: /\b(implement\w*|build|develop\w*|integrat\w+|research|design)\b/i },
  { hours: 8, words: /\b(refactor\w*|document\w*|report|presentation|analy[sz]e|test\w*|prepare)\b/i },
];
const USUAL_EFFORT = 4;

export function prioritize(description: string): Recommendation {
  const sign = SIGNS.find(({ words }) => words.test(description));
  const found = sign && description.match(sign.words)?.[0];
  const effort = EFFORTS.find(({ words }) => words.test(description));
  return {
    priority: sign?.priority ?? 'normal',
    title: titleOf(description),
    effort_hours: effort?.hours ?? USUAL_EFFORT,
    considerations: [
      sign && found
        ? `The description says "${found.toLowerCase()}": ${sign.why}.`
        : 'Nothing in the description says that it is urgent.',
      ...(/\b\d{4}-\d{2}-\d{2}\b/.test(description) ? ['The description names a date: set due_date.'] : []),
    ],
  };
}

/** The first sentence or line, cut between words. */
function titleOf(description: string): string {
  const first = description.trim().split(/(?<=[.!?])\s|\n/)[0] ?? '';
  const line = first
    .replace(/\s+/g, ' ')
    .replace(/[.!?]+$/, '')
    .trim();
  if (line.length <= TITLE_LENGTH) return line;
  const cut = line.slice(0, TITLE_LENGTH - 1);
  const space = cut.lastIndexOf(' ');
  return `${space > TITLE_LENGTH / 2 ? cut.slice(0, space) : cut}…`;
}
