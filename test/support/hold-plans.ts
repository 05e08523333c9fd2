import type { Harness } from './harness.ts';

/** Recoveries stay open, without a plan, until they are let go. */
export function holdPlans({ fakes }: Pick<Harness, 'fakes'>): () => void {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  fakes['makePlan'] = () =>
    held.then(() => {
      throw new Error('nobody waits for it');
    });
  return () => {
    delete fakes['makePlan'];
    letGo();
  };
}
