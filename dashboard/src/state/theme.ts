import { useCallback, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';
const STORED = 'rerail-theme';
const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

const stored = (): Theme => {
  const found = localStorage.getItem(STORED);
  return found === 'light' || found === 'dark' ? found : 'system';
};

export function applyTheme(theme: Theme = stored()): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(stored);
  const next = useCallback(() => {
    const chosen = NEXT[theme];
    localStorage.setItem(STORED, chosen);
    applyTheme(chosen);
    setTheme(chosen);
  }, [theme]);
  return [theme, next];
}
