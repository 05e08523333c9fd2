import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import type { Host, HostChange, HostRecord, HostState, HostSubject } from '../../domain/host.ts';
import type { RestoreOptions } from '../../domain/rollback.ts';

/** What activities ask of hosts and ledgers; the composition root hands it in. */
export interface Fleet {
  hosts: {
    find: (name: string) => Promise<Host>;
    subjects: (name: string) => Promise<HostSubject[]>;
  };
  records: {
    read: (name: string) => Promise<HostRecord | undefined>;
    state: (name: string) => Promise<HostState>;
    change: (name: string, change: HostChange) => Promise<HostRecord>;
  };
  checkpoints: {
    list: (subject: string) => Promise<CheckpointRecord[]>;
    restore: (
      subject: string,
      id: string,
      by: string,
      options: Partial<RestoreOptions>,
      place: { host: string; root?: string; backupId: string },
    ) => Promise<unknown>;
  };
}
