import { z } from 'zod';
import { CategorySchema, FailureTypeSchema, SeveritySchema } from './failure.schema.ts';
import { NameSchema } from './names.schema.ts';

const MAX_PATTERN = 500;

/** `(a+)+` and its like take exponential time on a text that almost fits. */
const NESTED = /\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)[+*{]/;

function problemOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'im');
  } catch (cause) {
    return `is no valid regular expression: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
  return NESTED.test(pattern)
    ? 'repeats a group that repeats inside, which can take forever: write it without'
    : undefined;
}

const PatternSchema = z
  .string()
  .min(1)
  .max(MAX_PATTERN, `must have at most ${MAX_PATTERN} characters`)
  .superRefine((pattern, context) => {
    const problem = problemOf(pattern);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

const StatusSchema = z.number().int().min(100).max(599);

/** All given conditions must hold on one link of the failure's cause chain. */
export const ClassificationRuleSchema = z
  .strictObject({
    name: z.string().min(1).max(100),
    /** Takes `*`. */
    code: z.string().min(1).max(200).optional(),
    /** A regular expression, without regard to case; `^` and `$` are the ends of a line. */
    message: PatternSchema.optional(),
    /** Takes `*`. */
    errorName: z.string().min(1).max(200).optional(),
    exitCode: z.array(z.number().int()).min(1).optional(),
    signal: z
      .array(z.string().regex(/^SIG[A-Z0-9]+$/, 'must be a signal such as SIGTERM'))
      .min(1)
      .optional(),
    /** One status, or the first and the last of a range. */
    httpStatus: z.union([StatusSchema, z.tuple([StatusSchema, StatusSchema])]).optional(),
    then: z.strictObject({ category: CategorySchema, type: FailureTypeSchema, severity: SeveritySchema }),
  })
  .refine(({ name: _name, then: _then, ...conditions }) => Object.keys(conditions).length > 0, {
    error: 'must have at least one condition: code, message, errorName, exitCode, signal or httpStatus',
  });

export const ClassificationRulesSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('ClassificationRules'),
  metadata: z.strictObject({ name: NameSchema, description: z.string().max(500).optional() }),
  spec: z.strictObject({ rules: z.array(ClassificationRuleSchema).min(1).max(500) }),
});

export type ClassificationRuleSpec = z.infer<typeof ClassificationRuleSchema>;
