/**
 * URI templates of RFC 6570, level 1 (`tasks://{id}`), in the direction servers need: from a URI to the values of its
 * variables. Explode and query forms are refused, because matching them costs time that a client can choose.
 */
export interface UriTemplate {
  readonly variables: readonly string[];
  /** Values of the variables, decoded; undefined where the URI is not of this form. */
  match(uri: string): Record<string, string> | undefined;
}

const MAX_URI = 2048;

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);

export const isTemplate = (uri: string): boolean => uri.includes('{');

/**
 * A value holds no `/`, `?` or `#`, and not the character that follows its variable in the template; so there is one
 * way to match, and matching is linear. Throws for a template that is not of level 1 or has two variables side by side.
 */
export function uriTemplate(template: string): UriTemplate {
  const variables: string[] = [];
  if (template.includes('}{')) throw new Error(`URI template ${template}: put a character between two variables`);
  const pattern = template.replaceAll(
    /\{([^{}]*)\}|[^{]+|\{/g,
    (part: string, name: string | undefined, at: number) => {
      if (name === undefined) {
        if (part === '{') throw new Error(`URI template ${template}: a brace is not closed`);
        return escaped(part);
      }
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        throw new Error(`URI template ${template}: {${name}} is not supported`);
      variables.push(name);
      return `([^/?#${escaped(template.charAt(at + part.length))}]+)`;
    },
  );
  const expression = new RegExp(`^${pattern}$`);
  return {
    variables,
    match(uri) {
      const found = uri.length <= MAX_URI ? expression.exec(uri) : null;
      if (!found) return undefined;
      try {
        return Object.fromEntries(variables.map((name, i) => [name, decodeURIComponent(found[i + 1] ?? '')]));
      } catch {
        return undefined; // a malformed percent sequence names nothing
      }
    },
  };
}
