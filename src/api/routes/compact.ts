type Compact<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the fields that were not given: an absent field and one that is undefined are two things. */
export const compact = <T extends object>(given: T): Compact<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Compact<T>;
