import { drive } from '../drive.ts';

/** Tells the bench that the peer is ready, and does the batches that it asks for, until the bench lets go. */
export function answer(work, stop) {
  process.on('message', ({ count, inFlight }) => {
    drive(count, inFlight, work).then(
      (batch) => process.send({ batch }),
      (error) => process.send({ failed: String(error?.stack ?? error) }),
    );
  });
  process.once('disconnect', () => {
    void stop().finally(() => process.exit());
  });
  process.send('ready');
}
