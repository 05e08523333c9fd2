import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { AutomationBanner } from './automation.tsx';
import { KeysSheet } from './keys-sheet.tsx';
import { Icon } from './parts/icon.tsx';
import { useLive } from './state/live.tsx';
import { useSession } from './state/session.tsx';
import { useTheme } from './state/theme.ts';
import { useKeys } from './state/use-keys.ts';

const PAGES = [
  { href: '/', name: 'Recoveries', within: /^\/($|recoveries)/ },
  { href: '/checkpoints', name: 'Checkpoints', within: /^\/checkpoints/ },
  { href: '/breakers', name: 'Breakers', within: /^\/breakers/ },
  { href: '/health', name: 'Health', within: /^\/health/ },
  { href: '/hosts', name: 'Hosts', within: /^\/hosts/ },
  { href: '/bulks', name: 'Bulks', within: /^\/bulks/ },
  { href: '/playbooks', name: 'Playbooks', within: /^\/playbooks/ },
  { href: '/drills', name: 'Drills', within: /^\/drills/ },
  { href: '/reports', name: 'Reports', within: /^\/reports/ },
  { href: '/statistics', name: 'Statistics', within: /^\/statistics/ },
];

const THEMES = { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };

/** Said only when something is wrong: a live page is what everybody expects. */
function Connection() {
  const { state, silent } = useLive();
  const away = state === 'reconnecting' || state === 'ended';
  return (
    <span role="status" className={away || silent !== undefined ? 'connection away' : 'connection'}>
      {away ? 'Reconnecting…' : silent !== undefined ? 'Temporal does not answer' : state === 'live' ? 'Live' : ''}
    </span>
  );
}

function Who() {
  const { me, hasToken, signOut } = useSession();
  if (!me) return null;
  const roles = me.roles.includes('admin')
    ? 'admin'
    : me.roles.filter((role) => role !== 'viewer').join(', ') || 'viewer';
  return (
    <span className="who">
      <Icon name="person" />
      <span title={`Roles: ${me.roles.join(', ')}`}>
        {me.name} <span className="muted">{roles}</span>
      </span>
      {hasToken && (
        <button type="button" className="quiet" onClick={signOut}>
          Sign out
        </button>
      )}
    </span>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  const [path, go] = useLocation();
  const [keysShown, setKeysShown] = useState(false);
  const [theme, nextTheme] = useTheme();
  const { counts } = useLive();
  useKeys({
    '?': () => setKeysShown(true),
    '/': () => {
      const filter = document.querySelector<HTMLElement>('[data-filter]');
      if (filter) filter.focus();
      else go('/?focus=filter');
    },
    'g r': () => go('/'),
    'g c': () => go('/checkpoints'),
    'g b': () => go('/breakers'),
    'g h': () => go('/health'),
    'g o': () => go('/hosts'),
    'g u': () => go('/bulks'),
    'g d': () => go('/drills'),
    'g p': () => go('/playbooks'),
    'g e': () => go('/reports'),
    'g s': () => go('/statistics'),
  });
  const nav = useRef<HTMLElement>(null);
  // On a narrow screen the pages do not all fit in.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [path]);
  const page = PAGES.find(({ within }) => within.test(path));
  useEffect(() => {
    const waiting = counts && counts.waiting > 0 ? `(${counts.waiting}) ` : '';
    document.title = `${waiting}${page?.name ?? 'Rerail'} · Rerail`;
  }, [counts, page]);
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="top">
        <Link href="/" className="brand">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M3 18h18M3 12h6a5 5 0 0 0 5-5V4m0 0-3.500 3.500M14 4l3.500 3.500" />
          </svg>
          Rerail
        </Link>
        <nav aria-label="Pages" ref={nav}>
          {PAGES.map(({ href, name, within }) => (
            <Link key={href} href={href} aria-current={within.test(path) ? 'page' : undefined}>
              {name}
              {href === '/' && counts && counts.waiting > 0 && (
                <span className="count" title="waiting for a person">
                  {counts.waiting}
                </span>
              )}
            </Link>
          ))}
        </nav>
        <div className="top-right">
          <Connection />
          <Who />
          <button type="button" className="quiet" onClick={nextTheme} title={THEMES[theme]} aria-label={THEMES[theme]}>
            {theme === 'light' ? '☀' : theme === 'dark' ? '☾' : '◐'}
          </button>
          <button type="button" className="quiet" onClick={() => setKeysShown(true)} aria-label="Keys" title="Keys">
            ?
          </button>
        </div>
      </header>
      <AutomationBanner />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      {keysShown && <KeysSheet onClose={() => setKeysShown(false)} />}
    </>
  );
}
