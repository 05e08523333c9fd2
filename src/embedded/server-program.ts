import { findServer } from './find-server.ts';
import { serverArguments } from './server-flags.ts';
import { answers } from './wait-until-ready.ts';

/** The development server for whoever starts and ends it himself: found as `rerail up` finds it, without a UI. */
export const createServerProgram = ({ cacheDir }: { cacheDir?: string | undefined }) => ({
  async argvFor(place: { port: number; dbFile: string }): Promise<string[]> {
    const { path } = await findServer(cacheDir === undefined ? {} : { cacheDir });
    return [path, ...serverArguments(place)];
  },
  answers: (address: string): Promise<boolean> => answers(address),
});
