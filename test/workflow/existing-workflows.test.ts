// One file, so that the user's workflows are bundled once for all of them.
import './existing/recover-activities.ts';
import './existing/with-recovery.ts';
import './existing/bulk-recovery.ts';
import './existing/pending-activities.ts';
