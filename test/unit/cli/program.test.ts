import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';

function leaves(command: Command, path: string[] = []): { path: string; command: Command }[] {
  const children = command.commands.filter((child) => child.name() !== 'complete');
  if (children.length === 0) return [{ path: path.join(' '), command }];
  return children.flatMap((child) => leaves(child, [...path, child.name()]));
}

const LEAVES = leaves(createProgram());

const LOOKS =
  /^(plan|list|validate|stats|doctor|completion|config show|receipt verify|drill trend|drill suite (list|report)|(\w+ )?(show|list|watch|report|lint|failing|verify|diff|check|export))$/;
/** What starts or stops a process of ours, or writes a file that is named; and the night's work, which only heals. */
const EXEMPT =
  /^(up|down|worker|demo|serve|codec serve|encryption key|token create|artifact get|drill from|checkpoint repair|checkpoint schedule)$/;

it('says first what it would do, wherever something would be changed', () => {
  const without = LEAVES.filter(({ path }) => !LOOKS.test(path) && !EXEMPT.test(path))
    .filter(({ command }) => !command.options.some(({ long }) => long === '--dry-run'))
    .map(({ path }) => path);
  expect(without).toEqual([]);
});
