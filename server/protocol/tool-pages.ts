/**
 * The pages of `tools/list`: one list for everybody, or, where tools ask for roles, one for each set of roles that
 * callers have, made when the first of them asks. Must not know a transport.
 */
import type { Caller } from '../toolsets/call.ts';
import { fixedPages, type Page } from './page.ts';
import { fits } from './roles.ts';
import type { ListedTool, Table } from './table.ts';

type Pages = (cursor: string | undefined) => Page<ListedTool>;

/** Sets of roles whose lists are kept. An issuer that deals out more has its lists made anew now and then. */
const MAX_LISTS = 64;

/** Gives the same object for the same roles and cursor. */
export function toolPages(
  table: Table,
): (cursor: string | undefined, request: { readonly caller: Caller }) => Page<ListedTool> {
  const pagesFor = (roleMask: number): Pages =>
    fixedPages(
      [...table.tools.values()].filter((entry) => fits(entry.roleMask, roleMask)).map(({ listed }) => listed),
      ({ name }) => name,
    );
  // Then nothing is asked for, and any mask gives all.
  if (!table.hasRoles) return pagesFor(0);
  const lists = new Map<number, Pages>();
  return (cursor, { caller }) => {
    const mask = table.roleMaskOf(caller);
    let pages = lists.get(mask);
    if (pages === undefined) {
      if (lists.size >= MAX_LISTS) lists.clear();
      lists.set(mask, (pages = pagesFor(mask)));
    }
    return pages(cursor);
  };
}
