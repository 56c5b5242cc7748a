/**
 * Settings of the toolset `fleet`: it takes none. A leaf: the operator reads it too, to refuse unknown settings.
 */
import { z } from 'zod';

export const fleetConfig = z.strictObject({});
