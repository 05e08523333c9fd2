import { readFile } from 'node:fs/promises';
import { RerailError } from '../../../domain/errors.ts';
import { findCommand } from '../../../process/find-command.ts';
import { resolveInside } from '../../../process/inside.ts';
import { sendSignal } from '../../../process/proc.ts';
import { missingTool } from '../missing-tool.ts';
import { argvOfProcess } from '../sandbox-argv.ts';
import {
  endSandboxProcess,
  killSandboxProcess,
  sandboxProcess,
  processesIn,
  signalSandboxProcess,
  startSandboxProcess,
} from '../sandbox-processes.ts';
import type { FaultContext, Faults } from './fault.ts';

type Kind = 'killProcess' | 'killByPidFile' | 'stopProcess' | 'killService' | 'stopService' | 'clockSkew';

const startAgain = async ({ place }: FaultContext, name: string): Promise<void> => {
  const known = await argvOfProcess(place, name);
  if (known) await startSandboxProcess(place, name, known.argv, known.options);
};

export const PROCESS_FAULTS: Faults<Kind> = {
  killProcess: {
    inject: ({ process: name }, { place, begun }) => killSandboxProcess(place, name, begun),
    takeBack: ({ process: name }, context) => startAgain(context, name),
  },
  /** Its host keeps it running, or a person starts it again: the drill has not started it. */
  killByPidFile: {
    async inject({ path: name }, { place, begun }) {
      const file = await resolveInside(place.work, name, 'path');
      const pid = Number(await readFile(file, 'utf8'));
      if ((await processesIn(place)).includes(pid)) sendSignal(pid, 'SIGKILL');
      else if (!begun)
        throw new RerailError('invalid-input', `${name} names no process of the sandbox`, {
          remedy: 'Name a file that a process of the sandbox has written its number to.',
          nonRetryable: true,
        });
    },
    takeBack: () => Promise.resolve(),
  },
  stopProcess: {
    inject: ({ process: name }, { place, begun }) => signalSandboxProcess(place, name, 'SIGSTOP', begun),
    takeBack: ({ process: name }, { place }) => signalSandboxProcess(place, name, 'SIGCONT', true),
  },
  killService: {
    inject: ({ service }, { place, begun }) => killSandboxProcess(place, service, begun),
    takeBack: ({ service }, context) => startAgain(context, service),
  },
  stopService: {
    inject: ({ service }, { place, begun }) => signalSandboxProcess(place, service, 'SIGSTOP', begun),
    takeBack: ({ service }, { place }) => signalSandboxProcess(place, service, 'SIGCONT', true),
  },
  clockSkew: {
    async inject({ process: name, by }, { place }) {
      const known = await argvOfProcess(place, name);
      const faketime = await findCommand('faketime', place.work).catch((cause: unknown) => {
        throw missingTool('faketime', 'faketime', cause);
      });
      await endSandboxProcess(place, name);
      if (known) await startSandboxProcess(place, name, [faketime, '-f', by, ...known.argv], known.options);
    },
    async takeBack({ process: name }, context) {
      if (!(await sandboxProcess(context.place, name))) return;
      await endSandboxProcess(context.place, name);
      await startAgain(context, name);
    },
  },
};
