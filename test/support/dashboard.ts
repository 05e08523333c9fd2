import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type Page } from 'playwright-core';

export const DASHBOARD = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));

/** Debian's Chromium; undefined where there is none. */
export function chromiumVersion(): string | undefined {
  try {
    return execFileSync('chromium', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** Its sandbox does not work for root. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

export interface Violation {
  id: string;
  help: string;
  where: string[];
}

/** What axe-core finds fault with on the page as it is now, by all rules or these. */
export async function axeViolations(page: Page, rules: string[] = []): Promise<Violation[]> {
  const builder = new AxeBuilder({ page });
  const { violations } = await (rules.length > 0 ? builder.withRules(rules) : builder).analyze();
  return violations.map(({ id, help, nodes }) => ({
    id,
    help,
    where: nodes.slice(0, 5).map(({ html }) => html.slice(0, 200)),
  }));
}
