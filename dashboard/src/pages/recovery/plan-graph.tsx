import { lazyPart } from '../../parts/lazy-part.tsx';
import type { PlanGraphProps } from './graph/plan-drawing.tsx';

/** Loaded when it is first looked at; its room is kept, so that nothing jumps. */
export const PlanGraph = lazyPart<PlanGraphProps>(
  async () => (await import('./graph/plan-drawing.tsx')).PlanDrawing,
  <div className="graph-room" />,
);
