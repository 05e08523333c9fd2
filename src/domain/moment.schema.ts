import { z } from 'zod';

/** A day, which begins at midnight UTC, or a moment. */
export const MomentSchema = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'must be a day or a moment, such as 2026-01-31 or 2026-01-31T12:00:00Z',
});
