import type { ApiDeps, Handlers } from '../handler.ts';

const dateOf = <Key extends string>(key: Key, text: string | undefined): Partial<Record<Key, Date>> =>
  text === undefined ? {} : ({ [key]: new Date(text) } as Record<Key, Date>);

export function reportHandlers({ recoveries }: Pick<ApiDeps, 'recoveries'>): Handlers<'getPeriodReport'> {
  return {
    async getPeriodReport({ query: { from, to, limit } }) {
      const body = await recoveries.periodReport({ ...dateOf('from', from), ...dateOf('to', to), limit });
      return { status: 200, body };
    },
  };
}
