import { USER_PLAYBOOKS } from '../../support/user/playbooks.ts';
import { useUserHarness } from '../../support/user/use-user-harness.ts';

export const harness = useUserHarness(USER_PLAYBOOKS);
