/** What the model is told for `suggest_next_action`. */
export const instructions = `
You are given tasks that one person could start now, the most urgent first. Choose the one to do next.
- task_id: the id of one of the given tasks.
- why: one short sentence for that person.
- estimated_minutes: how long the next sitting on it takes, as a whole number.
- after: one short sentence on what to do when it is done.
Prefer what is overdue, then what is urgent, unless a task clearly helps the others along.`;
