/**
 * Which callers have which tools, by roles: each role that any tool asks for is a bit, so that a tool and a caller are a
 * number each, and whether they fit is one operation. Must not know where roles come from.
 */
import type { Caller } from '../toolsets/call.ts';

export interface RoleMasks {
  /** Of those who have one of `roles`; 0 where everybody has what is asked for. */
  ofTool(roles: readonly string[] | undefined): number;
  ofCaller(caller: Caller): number;
}

/** Bits of a small integer. */
const MAX_ROLES = 30;
const EVERY_ROLE = 2 ** MAX_ROLES - 1;

/** `asked`: what the tools ask for. Throws an Error where that is more than there are bits, or a tool is for nobody. */
export function roleMasks(asked: readonly (readonly string[] | undefined)[]): RoleMasks {
  if (asked.some((roles) => roles?.length === 0)) throw new Error('roles: leave it out for everybody; [] is nobody');
  const names = [...new Set(asked.flatMap((roles = []) => roles))];
  if (names.length > MAX_ROLES) throw new Error(`roles: the tools ask for ${names.length}; ${MAX_ROLES} are possible`);
  const bits = new Map(names.map((name, at) => [name, 2 ** at]));
  const sum = (roles: readonly string[]): number => roles.reduce((mask, role) => mask | (bits.get(role) ?? 0), 0);
  /** One caller is one object for as long as its token is remembered. */
  const known = new WeakMap<Caller, number>();
  return {
    ofTool: (roles = []) => sum(roles),
    ofCaller(caller) {
      if (names.length === 0 || caller.scopes === undefined) return EVERY_ROLE;
      let mask = known.get(caller);
      if (mask === undefined) known.set(caller, (mask = sum(caller.roles ?? [])));
      return mask;
    },
  };
}

export const fits = (tool: number, caller: number): boolean => tool === 0 || (tool & caller) !== 0;
