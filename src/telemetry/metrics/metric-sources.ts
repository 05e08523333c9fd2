/** What a scrape looks up, rather than what is counted as it happens. Each is asked at most every ten seconds. */
export interface MetricSources {
  /** Open recoveries that wait, by what they wait for (`approval`, `manual`, ...). */
  waiting?: () => Promise<WaitingRecoveries[]>;
  breakers?: () => Promise<{ name: string; state: string }[]>;
  store?: () => Promise<{ bytes: number; checkpoints: number; quotaBytes?: number }>;
}

export interface WaitingRecoveries {
  waitingFor: string;
  count: number;
  /** Milliseconds since 1970: since when the one waits that has waited longest. */
  oldestSince: number;
}
