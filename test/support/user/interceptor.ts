import { workflowInfo } from '@temporalio/workflow';
import { recoverActivities, type RecoverRule } from '../../../src/workflows/index.ts';

const targetOf = (args: readonly unknown[]): string => {
  const [order] = args;
  return typeof order === 'object' && order !== null && 'target' in order ? String(order.target) : 'orders/any';
};

const RULES: RecoverRule[] = [
  { workflow: 'orderCharge', activity: 'charge', target: ({ args }) => targetOf(args), fallback: 'later' },
  {
    workflow: 'order*',
    activity: '*',
    target: ({ args, workflowId }) => (args.length > 1 ? `orders/${workflowId}` : targetOf(args)),
  },
];

/** A test changes this word in the bundle, as a later deployment would change the rules. */
const RULES_ARE = 'rules-in-force';

// One queue for everything, since each test has its own.
export const interceptors = () =>
  recoverActivities({ rules: RULES_ARE.endsWith('force') ? RULES : [], taskQueue: workflowInfo().taskQueue })();
