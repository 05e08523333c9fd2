import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { CopiedArtifact } from '../activities/artifacts/copy-artifact.ts';
import type { SavedVersion } from '../activities/artifacts/save-artifacts.ts';
import type { Artifact } from '../domain/artifact.ts';
import { RerailError } from '../domain/errors.ts';
import { TargetSchema } from '../domain/names.schema.ts';
import { parseInput } from '../domain/parse-input.ts';
import { ledgerId } from '../domain/wire-names.ts';
import type { checkpointLedger } from '../workflows/checkpoint-ledger.ts';
import * as messages from '../workflows/messages.ts';
import { translateError } from './errors.ts';
import { startLedger } from './start-ledger.ts';

/** Artifacts by version, on the host that keeps them; its worker does the work. */
export function createArtifacts(client: Client, taskQueue: string) {
  const handleOf = (subject: string) => client.workflow.getHandle<typeof checkpointLedger>(ledgerId(subject));
  const guarded = async <T>(subject: string, work: (checked: string) => Promise<T>): Promise<T> => {
    const checked = parseInput(TargetSchema, subject, 'the subject');
    try {
      return await work(checked);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        throw new RerailError('artifact-not-found', `${checked} has no artifacts`, {
          remedy: 'Save one with `rerail artifact save`.',
          nonRetryable: true,
        });
      }
      throw translateError(error, ledgerId(checked));
    }
  };
  return {
    /** Empty for a subject without any. */
    list: (subject: string, host: string): Promise<Artifact[]> =>
      guarded(subject, async (checked) => {
        try {
          return await handleOf(checked).executeUpdate(messages.listArtifactsUpdate, { args: [{ host }] });
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return [];
          throw error;
        }
      }),
    /** Keeps a file of the workspace as a version, and makes it the current one. Throws `artifact-conflict`. */
    save: (
      subject: string,
      input: Omit<messages.SaveArtifactInput, 'key'> & { key?: string },
    ): Promise<SavedVersion | null> => {
      const key = input.key ?? randomUUID();
      return guarded(subject, (checked) =>
        client.workflow.executeUpdateWithStart(messages.saveArtifactUpdate, {
          args: [{ ...input, key }],
          updateId: key,
          startWorkflowOperation: startLedger(checked, taskQueue),
        }),
      );
    },
    /** Writes a version to a file of that host. Throws `artifact-not-found` and `artifact-corrupt`. */
    copy: (
      subject: string,
      input: { host: string; name: string; version?: string; to: string },
    ): Promise<CopiedArtifact> =>
      guarded(subject, (checked) => handleOf(checked).executeUpdate(messages.copyArtifactUpdate, { args: [input] })),
    /** Makes a version current, and puts its content back in the workspace. */
    activate: (subject: string, input: messages.ArtifactVersionInput & { workspace?: string }) =>
      guarded(subject, (checked) =>
        handleOf(checked).executeUpdate(messages.activateArtifactUpdate, { args: [input] }),
      ),
    /** Refused for the current version. */
    remove: (subject: string, input: messages.ArtifactVersionInput): Promise<void> =>
      guarded(subject, (checked) => handleOf(checked).executeUpdate(messages.removeArtifactUpdate, { args: [input] })),
  };
}
