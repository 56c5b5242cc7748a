/**
 * Settings of the toolset `everything`: it takes none. A leaf: the operator reads it too, to refuse unknown settings.
 */
import { z } from 'zod';

export const everythingConfig = z.strictObject({});
