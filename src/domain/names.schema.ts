import { z } from 'zod';

const SEGMENT = '[A-Za-z0-9](?:[A-Za-z0-9._@-]*[A-Za-z0-9])?';
const PATH = new RegExp(`^${SEGMENT}(?:/${SEGMENT})+$`);
const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** A target or subject: words joined by slashes, such as `release/web`. Part of workflow ids. */
export const TargetSchema = z
  .string()
  .max(200)
  .regex(PATH, 'must look like kind/name, such as "release/web": letters, digits, dot, dash, underscore and @');

/** A name in a YAML document: lower case with dashes. */
export const NameSchema = z
  .string()
  .max(60)
  .regex(NAME, 'must be lower case letters, digits and dashes, such as "smoke-test"');

/** Lower-case hexadecimal, never cut short. */
export const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

export const JsonSchema = z.json();
