import { useMemo } from 'react';
import type { ActionRecord, Plan } from '../../../api/types.ts';
import { Icon } from '../../../parts/icon.tsx';
import { ACTION_LOOKS } from '../../../words/statuses.ts';
import { layOutPlan, NODE_HEIGHT, NODE_WIDTH, type PlacedEdge } from './lay-out.ts';

export interface PlanGraphProps {
  plan: Plan;
  actions: readonly ActionRecord[];
  current: string | undefined;
}

const line = ({ points }: PlacedEdge): string =>
  points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');

/** A picture of the list that follows it, which says the same in words: hidden from screen readers. */
export function PlanDrawing({ plan, actions, current }: PlanGraphProps) {
  const { nodes, edges, width, height } = useMemo(() => layOutPlan(plan), [plan]);
  const statuses = new Map(actions.map(({ id, status }) => [id, status]));
  const planned = new Map(plan.actions.map((action) => [action.id, action]));
  return (
    <div className="graph" aria-hidden="true">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 8 4 0 8z" />
          </marker>
        </defs>
        {edges.map((edge) => {
          const middle = edge.points[Math.floor(edge.points.length / 2)];
          return (
            <g key={`${edge.from} ${edge.to}`} className="edge">
              <path d={line(edge)} markerEnd="url(#arrow)" />
              {edge.label !== '' && middle && (
                <text x={middle.x} y={middle.y - 6} textAnchor="middle">
                  {edge.label}
                </text>
              )}
            </g>
          );
        })}
        {nodes.map(({ id, kind, x, y }) => {
          const action = planned.get(id);
          const look = ACTION_LOOKS[statuses.get(id) ?? 'pending'];
          const wide = kind === 'verify' ? 112 : NODE_WIDTH;
          const high = kind === 'verify' ? 44 : NODE_HEIGHT;
          return (
            <foreignObject key={id} x={x - wide / 2} y={y - high / 2} width={wide} height={high}>
              {action ? (
                <div className={`node tone-${look.tone}${id === current ? ' current' : ''}`}>
                  <span className="node-title">{action.title}</span>
                  <span className="node-status">
                    <Icon name={look.icon} />
                    {look.word} · {action.type}
                  </span>
                </div>
              ) : (
                <div className="node verify">
                  <span className="node-status">
                    <Icon name="eye" />
                    verify
                  </span>
                </div>
              )}
            </foreignObject>
          );
        })}
      </svg>
    </div>
  );
}
