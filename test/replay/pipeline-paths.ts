import { PipelineSchema } from '../../src/domain/pipeline.schema.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { commandFailed, type Harness } from '../support/harness.ts';

function failOnce(harness: Harness, word: string): void {
  let left = 1;
  harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
    if (operation.argv[0] === word && left-- > 0) throw commandFailed(`${word} failed`);
    return { exitCode: 0, durationMs: 1, output: { [operation.argv[0] ?? '']: true } };
  };
}

async function run({ target, host, recoveries }: Harness, phases: object[], more: object = {}): Promise<string> {
  const pipeline = PipelineSchema.parse({
    apiVersion: 'rerail/v1',
    kind: 'Pipeline',
    metadata: { name: 'several-ways' },
    spec: { target, phases, recoveryBackoff: { initialInterval: '1ms' } },
  });
  const handle = await recoveries.runs.start({ pipeline, workspace: '/w', host, key: 'k', playbook: 'retry', ...more });
  await handle.result();
  return handle.workflowId;
}

/** Ways of a run that its pipeline asks for. */
export const PIPELINE_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'run-parallel-conditions-and-kinds',
    play(harness) {
      failOnce(harness, 'lint');
      return run(harness, [
        {
          name: 'checks',
          parallel: true,
          steps: [
            { name: 'lint', run: ['lint'] },
            { name: 'types', run: ['types'] },
          ],
        },
        {
          name: 'ship',
          steps: [
            { name: 'pool', activity: { name: 'noop', input: '{{ context.types }}' } },
            { name: 'never', run: ['never'], when: '{{ context.unknown }}' },
            { name: 'ask', http: { url: 'http://127.0.0.1:1/' }, agent: 'asker' },
          ],
        },
      ]);
    },
  },
  {
    name: 'run-resumed-from-checkpoint',
    play(harness) {
      harness.fakes['restoreCheckpoint'] = ({ backup }: { backup: object }) => ({
        backup: { ...fakeCheckpoint('cp_00000000000000000000BACKUP'), info: backup },
        result: {
          manifestSha256: '0'.repeat(64),
          plan: { changesTotal: 1 },
          state: {
            workflow: { currentPhase: 'build', completedPhases: [], status: 'running', stepIndex: 1 },
            context: {},
          },
        },
      });
      const steps = ['one', 'two'].map((name) => ({ name, run: [name] }));
      const resumeFrom = { checkpointId: 'cp_00000000000000000000000001', by: 'ada', reason: 'again' };
      return run(harness, [{ name: 'build', steps }], { resumeFrom });
    },
  },
];
