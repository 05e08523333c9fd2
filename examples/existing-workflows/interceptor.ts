// Give its path to your worker: interceptors: { workflowModules: [path] }.
import { recoverActivities } from 'rerail/workflows';

export const interceptors = recoverActivities({
  rules: [{ workflow: 'order*', activity: 'charge*', target: 'payments/card', classify: { type: 'api_failure' } }],
});
