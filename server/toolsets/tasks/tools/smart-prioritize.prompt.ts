/** What the model is told for `smart_prioritize`. */
export const instructions = `
You are given the description of a piece of work that somebody wants to plan. Recommend how to enter it as a task.
- priority: low, normal, high or urgent. Urgent only if it cannot wait until tomorrow.
- title: what is to be done, starting with a verb, at most ten words.
- effort_hours: the hours one person needs, as a whole number.
- considerations: up to three short points that speak for this priority or that should be settled first.
Use only what is given.`;
