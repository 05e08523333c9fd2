import type { ComponentDefinition } from './component.schema.ts';

export type { ComponentDefinition } from './component.schema.ts';

export type ComponentSpec = ComponentDefinition['spec'];

/** A component as loaded: checked, templates in its procedures and probes still unresolved. */
export interface LoadedComponent {
  name: string;
  file: string;
  spec: ComponentSpec;
}
