import type { ALERT_SOURCES, AlertMatch, AlertRule, Silence } from './alert.schema.ts';
import { SEVERITIES, type Failure } from './failure.ts';
import { resolveTemplates } from './template.ts';
import { fitsWildcard } from './wildcard.ts';
export type { AlertRule, AlertRules, AlertSourceDefinition, Silence } from './alert.schema.ts';

/** An alert as all senders have it in common. */
export interface Alert {
  source: (typeof ALERT_SOURCES)[number];
  /** Who has sent it: a name of the definition file, or of a token. */
  sender: string;
  /** Equal for the same alert at every repeat. */
  fingerprint: string;
  status: 'firing' | 'resolved';
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** ISO 8601. */
  startsAt: string;
  /** Where its sender shows it. */
  url?: string | undefined;
}

/** That an alert is over, as the open recovery of its target is told. */
export interface ResolvedAlert extends Pick<Alert, 'source' | 'sender' | 'fingerprint' | 'startsAt'> {
  title: string;
}

/** Whether a failure is what a rule has made of this alert, or of an earlier begin of it. */
export const isMadeOf = (
  { source, labels, occurredAt }: Pick<Failure, 'source' | 'labels' | 'occurredAt'>,
  { source: kind, sender, fingerprint, startsAt }: ResolvedAlert,
): boolean =>
  source.kind === 'alert' &&
  source.name === sender &&
  labels['alertSource'] === kind &&
  labels['alertFingerprint'] === fingerprint &&
  Date.parse(occurredAt ?? '') <= Date.parse(startsAt);

const fitAll = (patterns: Record<string, string>, values: Record<string, string>): boolean =>
  Object.entries(patterns).every(([name, pattern]) =>
    fitsWildcard(pattern, Object.hasOwn(values, name) ? values[name] : undefined),
  );

const fits = ({ labels, annotations }: AlertMatch, alert: Alert): boolean =>
  fitAll(labels, alert.labels) && fitAll(annotations, alert.annotations);

/** The first rule that fits. */
export const findRule = (rules: readonly AlertRule[], alert: Alert): AlertRule | undefined =>
  rules.find(({ source, match }) => (source === undefined || source === alert.source) && fits(match, alert));

const nameOf = ({ labels, fingerprint }: Alert): string => labels['alertname'] ?? fingerprint;

/** One line that says what the alert is about. */
export const titleOfAlert = (alert: Alert): string => {
  const { summary, description } = alert.annotations;
  const text = summary ?? description;
  const name = nameOf(alert);
  return text === undefined || text === name ? name : `${name}: ${text}`;
};

/** What alerts call it, in the words of failures. */
const SEVERITY_WORDS: Record<string, string> = {
  PAGE: 'CRITICAL',
  ERROR: 'HIGH',
  WARNING: 'MEDIUM',
  WARN: 'MEDIUM',
  INFO: 'LOW',
  NONE: 'LOW',
};

/** An alert is not lost for a severity that nobody knows: its failure is classified without. */
function severityOf(given: string | undefined): { severity?: string } {
  const word = given?.toUpperCase() ?? '';
  const severity = SEVERITIES.find((one) => one === (SEVERITY_WORDS[word] ?? word));
  return severity === undefined ? {} : { severity };
}

/**
 * What a rule makes of an alert, still to be checked as a failure. `missing` are the templates that lead nowhere in this
 * alert: then it makes nothing.
 */
export function fillRule({ name, failure }: AlertRule, alert: Alert, now: Date) {
  const missing: string[] = [];
  const { source, sender, fingerprint, startsAt, url } = alert;
  const { severity, ...filled } = resolveTemplates(failure, { alert }, missing);
  const began = Math.min(Date.parse(startsAt), now.getTime());
  return {
    missing,
    failure: {
      message: titleOfAlert(alert).slice(0, 2000),
      ...filled,
      ...severityOf(severity),
      labels: {
        ...filled.labels,
        alertSource: source,
        alertRule: name,
        alertFingerprint: fingerprint,
        ...(url === undefined ? {} : { alertUrl: url }),
      },
      source: { kind: 'alert' as const, name: sender },
      occurredAt: new Date(began).toISOString(),
      detectedAt: now.toISOString(),
    },
  };
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

function isInWeek({ days, from, until, timezone }: NonNullable<Silence['weekly']>, now: Date): boolean {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  const time = `${part('hour')}:${part('minute')}`;
  const day = DAYS.findIndex((one) => one === part('weekday').toLowerCase());
  const on = (index: number): boolean => days.some((one) => one === DAYS[(index + 7) % 7]);
  if (from < until) return on(day) && from <= time && time < until;
  // Over midnight: the evening of a named day, or the morning after one.
  return (on(day) && from <= time) || (on(day - 1) && time < until);
}

/** Whether nothing is to be done about anything that fits the silence at this time. */
export function isActive({ activeFrom, activeUntil, weekly }: Silence, now: Date): boolean {
  if (activeFrom !== undefined && now.getTime() < Date.parse(activeFrom)) return false;
  if (activeUntil !== undefined && now.getTime() >= Date.parse(activeUntil)) return false;
  return weekly === undefined || isInWeek(weekly, now);
}

/** The silence that keeps an alert quiet, if there is one. */
export const findSilence = (
  silences: readonly Silence[],
  { alert, target, now }: { alert: Alert; target: string; now: Date },
): Silence | undefined =>
  silences.find(
    (silence) =>
      isActive(silence, now) &&
      fits(silence.match, alert) &&
      (silence.targets === undefined || silence.targets.some((pattern) => fitsWildcard(pattern, target))),
  );
