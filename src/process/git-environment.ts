/** What every git child gets, and nothing else: no user or system configuration, no prompts, no writes on the side. */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_COUNT: '0',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_AUTHOR_NAME: 'rerail',
    GIT_AUTHOR_EMAIL: 'rerail@localhost',
    GIT_COMMITTER_NAME: 'rerail',
    GIT_COMMITTER_EMAIL: 'rerail@localhost',
    ...extra,
  };
}
