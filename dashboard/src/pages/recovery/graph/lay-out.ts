import { Graph, layout } from '@dagrejs/dagre';
import type { Plan } from '../../../api/types.ts';

export interface PlacedNode {
  id: string;
  kind: 'action' | 'verify';
  x: number;
  y: number;
}

export interface PlacedEdge {
  from: string;
  to: string;
  label: string;
  points: { x: number; y: number }[];
}

export const NODE_WIDTH = 176;
export const NODE_HEIGHT = 68;
const VERIFY = '(verify)';

/** What leads where: an optional action that fails hands on to the next one; what works goes to the verification. */
function edgesOf({ actions }: Pick<Plan, 'actions'>): Omit<PlacedEdge, 'points'>[] {
  return actions.flatMap(({ id, required, type }, index) => {
    const next = actions[index + 1]?.id;
    const ends = type === 'escalate' || type === 'abort';
    const resolves = type === 'retry' || type === 'resume' || type === 'skip';
    return [
      ...(next === undefined ? [] : [{ from: id, to: next, label: required ? '' : 'if not' }]),
      ...((next === undefined || resolves) && !ends ? [{ from: id, to: VERIFY, label: '' }] : []),
    ];
  });
}

/** Places a plan from left to right. */
export function layOutPlan(plan: Pick<Plan, 'actions'>) {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 44, marginx: 6, marginy: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  const edges = edgesOf(plan);
  for (const { id } of plan.actions) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  if (edges.some(({ to }) => to === VERIFY)) graph.setNode(VERIFY, { width: 112, height: 44 });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const nodes = graph.nodes().map((id): PlacedNode => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return { id, kind: id === VERIFY ? 'verify' : 'action', x, y };
  });
  const placed = edges.map((edge): PlacedEdge => {
    const { points } = graph.edge(edge.from, edge.to) as { points: PlacedEdge['points'] };
    return { ...edge, points };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { nodes, edges: placed, width, height };
}
