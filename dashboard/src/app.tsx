import type { ComponentType } from 'react';
import { Route, Switch } from 'wouter';
import { lazyPart } from './parts/lazy-part.tsx';
import { Loading, ProblemCard } from './parts/problem-card.tsx';
import { NotFound } from './pages/not-found.tsx';
import { RecoveriesPage } from './pages/recoveries/recoveries-page.tsx';
import { RecoveryPage } from './pages/recovery/recovery-page.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { Shell } from './shell.tsx';
import { LiveProvider } from './state/live.tsx';
import { SessionProvider, useSession } from './state/session.tsx';

const page = <Props extends object>(load: () => Promise<ComponentType<Props>>) =>
  lazyPart(load, <Loading what="the page" />);

const BreakersPage = page(async () => (await import('./pages/breakers/breakers-page.tsx')).BreakersPage);
const BulksPage = page(async () => (await import('./pages/bulks/bulks-page.tsx')).BulksPage);
const CheckpointsPage = page(async () => (await import('./pages/checkpoints/checkpoints-page.tsx')).CheckpointsPage);
const HealthPage = page(async () => (await import('./pages/health/health-page.tsx')).HealthPage);
const HostsPage = page(async () => (await import('./pages/hosts/hosts-page.tsx')).HostsPage);
const DrillsPage = page(async () => (await import('./pages/drills/drills-page.tsx')).DrillsPage);
const PlaybooksPage = page(async () => (await import('./pages/playbooks/playbooks-page.tsx')).PlaybooksPage);
const ReportsPage = page(async () => (await import('./pages/reports/reports-page.tsx')).ReportsPage);
const StatisticsPage = page(async () => (await import('./pages/statistics/statistics-page.tsx')).StatisticsPage);

/** Ids hold slashes; they are left as they are, so that an address can be read. */
const rest = (params: Record<string, string | undefined>): string => params['*'] ?? '';

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <RecoveriesPage />
      </Route>
      <Route path="/recoveries/*">{(params: Record<string, string>) => <RecoveryPage id={rest(params)} />}</Route>
      <Route path="/checkpoints">
        <CheckpointsPage />
      </Route>
      <Route path="/breakers">
        <BreakersPage name={undefined} />
      </Route>
      <Route path="/breakers/:name">{({ name }) => <BreakersPage name={name} />}</Route>
      <Route path="/bulks">
        <BulksPage name={undefined} />
      </Route>
      <Route path="/bulks/:name">{({ name }) => <BulksPage name={name} />}</Route>
      <Route path="/health">
        <HealthPage name={undefined} />
      </Route>
      <Route path="/health/:name">{({ name }) => <HealthPage name={name} />}</Route>
      <Route path="/hosts">
        <HostsPage name={undefined} />
      </Route>
      <Route path="/hosts/:name">{({ name }) => <HostsPage name={name} />}</Route>
      <Route path="/drills">
        <DrillsPage id={undefined} />
      </Route>
      <Route path="/drills/*">{(params: Record<string, string>) => <DrillsPage id={rest(params)} />}</Route>
      <Route path="/playbooks">
        <PlaybooksPage name={undefined} />
      </Route>
      <Route path="/playbooks/:name">{({ name }) => <PlaybooksPage name={name} />}</Route>
      <Route path="/reports">
        <ReportsPage />
      </Route>
      <Route path="/statistics">
        <StatisticsPage />
      </Route>
      <Route>
        <NotFound />
      </Route>
    </Switch>
  );
}

function Inside() {
  const { state, problem } = useSession();
  if (state === 'out') return <SignIn />;
  if (state === 'loading') return <Loading what="who you are" />;
  if (state === 'unreachable' && problem) {
    return (
      <main className="alone">
        <ProblemCard problem={problem} />
      </main>
    );
  }
  return (
    <LiveProvider>
      <Shell>
        <Pages />
      </Shell>
    </LiveProvider>
  );
}

export function App() {
  return (
    <SessionProvider>
      <Inside />
    </SessionProvider>
  );
}
