import type { LookAt } from './look.ts';

/** A session compared with its last checkpoint. Only a worker of its host can see it. */
export const lookAtSession: LookAt<'session'> = async (session, { checkSession }) => {
  if (!checkSession) return { passed: false, observed: 'a session is looked at on its host: give the probe a host' };
  const { health, observed } = await checkSession({ session });
  return health === 'healthy' ? { passed: true, observed } : { passed: false, observed, failureType: health };
};
