// What each error means and what to do about it, for the pages of docs/errors. One entry for every code of domain/errors.ts:
// what it means; then the usual causes, each with its remedy.
export const ERROR_GUIDE = {
  'access-denied': [
    'The token is good, but its roles do not allow this request. Nothing was changed, and the attempt is in the audit.',
    'The message names the role that is needed: ask an admin for a token that has it (`rerail token create`).',
    'Look at what you may do with `GET /api/v1/whoami`.',
  ],
  'action-failed': [
    'An action of a plan did not succeed within its tries. What it had begun is undone, or is listed in the report as not undone.',
    'Read its attempts with `rerail recovery show`, mend the cause, then `rerail recovery resume`.',
  ],
  'action-not-applicable': [
    'What was asked for does not fit the state that the thing is in: a closed recovery cannot be paused, an open one has no report.',
    'Look at the state first: `rerail recovery show` lists what may be decided now, and why the rest may not.',
  ],
  'approval-denied': [
    'A person has said no, or the time for an answer ran out where the playbook says `onTimeout: deny`. Nothing was done.',
    'Read who denied it and why in the report; change the plan or the playbook, and start again.',
  ],
  'approval-refused': [
    'The answer does not count: it names another plan or an old state of the target, comes from somebody who may not give it, or a confirmation is missing. Nothing was changed.',
    'Look at the present plan with `rerail recovery show --plan` and answer with its hash.',
    'Where the playbook asks for roles, another person or a signature, somebody else has to answer; in an emergency `--break-glass`.',
    'On the command line confirm with `--yes`, or answer the question on a terminal.',
  ],
  'artifact-conflict': [
    'A version of an artifact would be overwritten or removed while it is in use.',
    'Choose another version, or activate another one first.',
  ],
  'artifact-corrupt': [
    'The stored content of a version no longer has the digest that it was saved with. It is not given out.',
    'Activate another version, and save this one again from where it came from.',
  ],
  'artifact-not-found': [
    'There is no such artifact or version on that host.',
    'List them with `rerail artifact list --subject …`; artifacts stay on the host that saved them.',
  ],
  'audit-broken': [
    'A line of the audit does not fit the one before it: the file was changed after it was written, or the disk has lost data.',
    'Keep the file as it is, compare it with your backup or log system, and find out who could write to it.',
  ],
  'audit-failed': [
    'The audit cannot be written, so the change was refused: nothing is changed that is not on record.',
    'Free space or mend the rights of `<data directory>/audit`; the next request then works.',
  ],
  'breaker-not-found': [
    'No circuit breaker has this name yet; one appears with its first use.',
    'List them with `rerail breaker list` and check the spelling.',
  ],
  'breaker-open': [
    'The circuit breaker of a dependency keeps calls away, and the action’s time ran out while it waited.',
    'Look at it with `rerail breaker show`; mend the dependency, then `rerail breaker reset`.',
  ],
  'drill-not-found': [
    'There is no drill of this name, or none that is kept.',
    'See which can be run with `rerail drill list --definitions`, and which have been run with `rerail drill list`.',
  ],
  'bulk-not-found': ['There is no bulk recovery of this name.', 'List them with `rerail bulk list`.'],
  'checkpoint-corrupt': [
    'Parts of a checkpoint are lost or changed in the store. The lost paths are named; nothing was restored.',
    'Restore what is left with `--skip-lost`, another checkpoint, or from the replica.',
    'Capture the same content again and run `rerail checkpoint repair`: what is found again is whole again.',
  ],
  'checkpoint-invalid': [
    'The checkpoint was invalidated, or is not complete enough for what was asked.',
    'Choose another one with `rerail checkpoint list --valid`; `--force` restores it all the same.',
  ],
  'checkpoint-not-found': [
    'There is no such checkpoint, or not of this subject.',
    'List them with `rerail checkpoint list`; an id is looked up everywhere, `latest` needs `--subject`.',
  ],
  'command-failed': [
    'A command ended with another exit code than 0. Its last output is in the failure.',
    'Read the output; what the command complains of is the cause.',
  ],
  'command-interrupted': [
    'A command that may not run twice was cut off, and nobody can know whether it did its work.',
    'Look at the target yourself, then decide: `rerail recovery decide … retry`, `skip` or `supply`.',
  ],
  'command-not-found': [
    'The program is not there, or may not be run, on the host that was to run it.',
    'Install it there or write its path; commands are looked up in `PATH` and the workspace, never by a shell.',
  ],
  'command-timeout': [
    'A command took longer than its limit and was ended, with all that it had started.',
    'Give the step a longer `timeout`, or find out what it waits for.',
  ],
  'database-corrupt': [
    'An index or a table of a database holds something else than it should. The message names each.',
    'Build a damaged index anew: `REINDEX INDEX`, or name it in `integrity.reindex` of the component.',
    'Restore a damaged table from a checkpoint or a backup.',
  ],
  'decision-refused': [
    'The decision does not fit what the recovery waits for, or another one came first. Nothing was changed.',
    '`rerail recovery show` lists the allowed decisions, each with the reason where it is not allowed.',
  ],
  'definition-invalid': [
    'A component, a set of rules or another definition is wrong. The message has file, line, column and field.',
    'Correct it there; `rerail playbook lint` checks all of them at once.',
  ],
  'disk-full': [
    'The disk has no room for what was to be written. What was half written is removed.',
    'Free space (`rerail cleanup` says what can go), or set `dataDir` to a larger disk.',
  ],
  'encryption-failed': [
    'A payload cannot be decrypted: it was changed, cut short, or belongs to another place.',
    'Check that the server’s data is whole; the key was known, so a lost key is not the cause.',
  ],
  'encryption-key-unknown': [
    'A payload is encrypted with a key that this process does not have.',
    'Add the key with that id to `encryptionKeysFile`; keep retired keys as long as histories need them.',
  ],
  'execution-not-found': [
    'There is no such workflow execution, or the namespace no longer keeps it.',
    'Check id and namespace with `temporal workflow list`.',
  ],
  'git-in-progress': [
    'The repository is in the middle of a merge, rebase, cherry-pick or bisect, which a restore would tear apart.',
    'Finish or abort it (`git status` says which), or insist with `--force`.',
  ],
  'git-head-moved': [
    'The repository has moved on since the plan was made.',
    'Look again with `--dry-run`, then confirm the new plan.',
  ],
  'git-missing': ['Git is not installed on the host, or too old.', 'Install git 2.39 or newer there.'],
  'held-operation-failed': [
    'An operation that waited for the database could not be done. Those after it wait for their turn; none is lost.',
    'Mend what it needs, or set `done_at` of its row in `rerail_held_operations`, then recover again.',
  ],
  'heal-failed': [
    'All that the definition allows was done for the memory, the disk or the CPU of a host, and its probe still fails. The message has both readings.',
    'Look at what takes most: the answer of the step lists it. Allow more in `spec.machine` of the component, or give the host more.',
    'Files that a process holds open take their room until it closes them: restart it.',
  ],
  'failover-impossible': [
    'A lost host was not failed over, and nothing was changed: the other host is away or takes no work, or no subject has a whole checkpoint in the replica that the definition gives a place.',
    'See `rerail host show` of both hosts. Start the other one, or name one in `spec.host.failover.to`; set `replica` so that checkpoints are copied.',
    'Without a copy only the lost host itself has the checkpoints: bring it back, or its disk.',
  ],
  'host-drained': [
    'Somebody drained the host: no new captures, restores, recoveries, processes or runs begin there. What runs ends. Nothing was changed.',
    'Use another host, or `rerail host undrain HOST --reason "…"`; `rerail host show` says who drained it and why.',
  ],
  'host-failed-over': [
    'Another host has taken over what this one had, so that nothing new begins here: two hosts working on one thing would damage it.',
    'See what the message names with `rerail recovery report`. Stop what still runs here, then `rerail host undrain HOST --reason "…"`.',
  ],
  'host-not-found': [
    'No worker of that host asks for work, and none has ever had its checkpoint store looked after.',
    'List the hosts with `rerail host list`; the name is the setting `host` of the worker.',
  ],
  'http-failed': [
    'An HTTP request did not get the answer that counts as success. Status and the start of the body are in the failure.',
    'Check address and service; a 429 or 503 with `Retry-After` is waited for by itself.',
  ],
  'idempotency-key-reused': [
    'The same `Idempotency-Key` came with another body. Nothing was started.',
    'Use a new key for a new request; the same key only to send the same again.',
  ],
  'invalid-input': [
    'A field of what was given is missing or wrong. The message names it. Nothing was changed.',
    'Correct the field; `--help`, the OpenAPI document or the JSON Schema says what it takes.',
  ],
  'manual-step-failed': [
    'A person has said that a manual step could not be done, or nobody answered in time.',
    'Read the note in the report; the recovery goes on with what the playbook has for that.',
  ],
  'method-not-allowed': [
    'The address is right, the method is not.',
    'The header `Allow` lists the methods; the OpenAPI document has them all.',
  ],
  'monitor-invalid': [
    'A definition of a monitor is wrong. The message has file, line, column and field.',
    'Correct it there; `rerail playbook lint FILE` checks it, `rerail monitor check FILE` runs its probes once.',
  ],
  'monitor-not-found': ['There is no such monitor, or it was stopped.', 'List them with `rerail monitor list`.'],
  'notification-failed': [
    'A message to people could not be delivered within its tries. The recovery itself goes on.',
    'Look at the channel in `notificationsFile`: address, key and whether its service answers.',
  ],
  'path-outside-workspace': [
    'A path leads out of the directory that it has to stay in, directly or by a link. Nothing was touched.',
    'Name a path below the workspace, or set another workspace.',
  ],
  'payload-too-large': [
    'The body of a request is larger than 1 MiB.',
    'Send less; long outputs are cut to their ends anyway.',
  ],
  'pipeline-invalid': [
    'A pipeline definition is wrong. The message has file, line, column and field.',
    'Correct it there; `rerail run FILE --dry-run` checks it without running it.',
  ],
  'plan-hash-mismatch': [
    'What would be done now is not what was seen: plan or target have changed. Nothing was done.',
    'Look again (`--dry-run`, or `rerail recovery show --plan`) and confirm the new hash.',
  ],
  'plan-impossible': [
    'No plan can be made of the playbook for this failure: a checkpoint, an operation or an input that it needs is not there.',
    '`rerail plan --explain` says what is missing and why other playbooks were turned down.',
  ],
  'playbook-invalid': [
    'A playbook is wrong, or its file cannot be read. The message has file, line, column and field.',
    'Correct it there; `rerail playbook lint` checks all files and goes on after a problem.',
  ],
  'playbook-not-found': ['No playbook has this name.', 'List them with `rerail playbook list`.'],
  'port-taken': [
    'Another program listens on a port that was asked for by name.',
    'Choose another port; without one being asked for a free one is taken.',
  ],
  'probe-failed': [
    'A probe did not pass within its time: the thing is not healthy.',
    'Read the readings in the report; they say what was seen and when.',
  ],
  'process-failed': [
    'A supervised process did not start, did not become ready, ended unasked or could not be ended. The message says how, with the last of its output.',
    'Read its output with `rerail process show NAME`, mend the cause, then `rerail process start NAME`.',
    'One that is only slow needs a longer `ready.within`; one that is killed at its limit more `limits.memoryMaxBytes`.',
    'What outlives SIGKILL waits for hardware or belongs to another user: look at it with `ps`.',
  ],
  'process-not-found': [
    'No component of that name has `spec.process`, and none was started on this host.',
    'List what is there with `rerail process list`, and name the directory of the definition in the setting `playbooksDir`.',
  ],
  'process-start-limit': [
    'A supervised process ended again and again, or its policy lets nobody but a person start it. It is left as it is.',
    'Read how it ended and its last output in the message, or with `rerail process show NAME`.',
    'Mend the cause, then `rerail process start NAME`: that begins the count anew.',
  ],
  'provider-failed': [
    'A database or another provider of state could not be captured or restored. Nothing was changed by halves.',
    'Check that it runs, that the account may do it, and that `pg_dump` or the like fit its version.',
  ],
  'rate-limited': [
    'More requests came from your address than `apiRateLimit` allows in a minute.',
    'Wait for what `Retry-After` says, or raise the setting.',
  ],
  'receipt-broken': [
    'A receipt is not what was written: a byte, its order or its signature does not fit.',
    'Get the receipt again with `rerail recovery report --receipt`; do not rely on this copy.',
  ],
  'recovery-not-found': [
    'There is no such recovery, or the namespace no longer keeps it.',
    'List them with `rerail recovery list`; a target such as `release/web` works as an id too.',
  ],
  'replica-failed': [
    'The object storage did not take or give a copy.',
    'Check bucket, region and credentials (`rerail config show`); the copy is tried again by the nightly care.',
  ],
  'restore-failed': [
    'A restore could not be made or proven. Before its commit nothing has changed; after it the next start rolls it forward.',
    'Read the first error, mend it and restore again; `rerail undo` takes a finished restore back.',
  ],
  'route-not-found': ['The API has no such address.', 'All of them are in `/openapi.json`.'],
  'run-not-found': ['There is no such run of a pipeline.', 'Check name and key, as `rerail run` printed them.'],
  'saga-undo-failed': [
    'An undo failed in a workflow of yours that uses `saga()`. The others were run all the same.',
    'The error lists what was not undone: do it by hand.',
  ],
  'secret-not-found': [
    'A reference to a secret leads nowhere on the host, or stands where references are not resolved.',
    'Set the variable or file for the worker of that host; write `env:NAME` or `file:/absolute/path`.',
  ],
  'server-not-found': [
    'No Temporal server is set, and none could be found or installed. The message lists every way that was tried.',
    'Set `TEMPORAL_ADDRESS`, or install the temporal CLI 1.5 or newer.',
  ],
  'server-too-old': ['The Temporal server lacks something that is needed.', 'Use server 1.29 or newer.'],
  'server-unreachable': [
    'Temporal does not answer at the address, or the connection broke.',
    '`rerail doctor` looks at address, TLS and namespace; `rerail up` starts a server of your own.',
  ],
  'session-exists': [
    'A session would be made again, and another one has its name and is not as it was captured. It is left as it is.',
    'Add only what is missing: `rerail session restore --repair`.',
    'Set `session.overwrite` of the component, or `--overwrite`, to `rename` (the restored one gets another name) or `replace`.',
  ],
  'session-failed': [
    'tmux did not answer or refused, or a session could not be woken or attached to. What was done before is in the report.',
    'Look at it with `rerail session check`; a server that is stopped is woken by a recovery of type `frozen`.',
    'A server that does not wake up has to be ended by hand, or by `session.killServer`: all of its sessions go with it.',
  ],
  'session-not-found': [
    'There is no tmux server at that socket, or it has no session of that name. Nothing was written.',
    'List what is there with `rerail session list`, and name the socket with `--socket` or `session.socket`.',
  ],
  'service-refused': [
    'A step would change or remove something of a service that its component does not name. Nothing was changed.',
    'Name it in the definition, as the message says: docs/guide/services.md.',
  ],
  'service-state-not-found': [
    'Nothing was ever said of a service of that name.',
    'List them with `rerail service list`; one appears when it is degraded, limited or reset for the first time.',
  ],
  'service-unhealthy': [
    'A service does not work, or not well enough. The message says what was seen.',
    'See what the service itself says. The recovery tries again as its playbook allows.',
  ],
  'session-unhealthy': [
    'A session is not as its last checkpoint, does not answer, or nobody is attached to it. The message says which.',
    'Report it as a failure of that type: `rerail recover --target session/NAME --failure-type crashed`.',
    'Where it was changed on purpose, capture it again: `rerail session capture`.',
  ],
  'settings-invalid': [
    'A setting or a file that it names is wrong. The message names it and where it comes from.',
    '`rerail config show` prints every setting with its source.',
  ],
  'setup-failed': [
    'The set-up or the start of a part did not succeed. The last lines of that part are above the error.',
    'Mend what they say and start again; what is done already is kept.',
  ],
  'store-failed': [
    'The checkpoint store or a git command of it failed.',
    'Check disk and rights of `<data directory>/store.git`, then `rerail checkpoint repair`.',
  ],
  'store-quota-exceeded': [
    'The store has reached `maxStoreBytes`, or a ledger its number of checkpoints. Nothing was captured.',
    'Run `rerail cleanup`, set a retention, or raise the setting.',
  ],
  'target-locked': [
    'Something else works on the same target, workspace or name at this moment.',
    'Wait for it, or look at what it is with `rerail recovery list`.',
  ],
  'timed-out': [
    'What was asked for took longer than its limit, or no worker answered. A change may still happen: look before you repeat it.',
    '`rerail doctor` says whether workers poll; look at the thing, then try again.',
  ],
  'transaction-conflict': [
    'The key was used for a transaction with another content.',
    'Give another key, or exactly the same content.',
  ],
  'transaction-invalid': [
    'A transaction definition is wrong. The message has file, line, column and field.',
    'Correct it there; `rerail transaction run FILE --dry-run` checks it.',
  ],
  'transaction-not-found': ['There is no such transaction.', 'List them with `rerail transaction list`.'],
  unauthenticated: [
    'The request has no token, or one that is not good: unknown, expired, for another audience, or signed by somebody else.',
    'Send `Authorization: Bearer …` with a token of `rerail token create`, or a fresh JWT.',
  ],
  unexpected: [
    'Something failed that nobody has foreseen; the API tells nothing else of it, its log has the details under the trace id.',
    'Look into the log, and report it with the trace id where it is our fault. `RERAIL_DEBUG=1` prints the stack on the command line.',
  ],
  'unknown-activity': [
    'A plan names an activity that no worker of its queue has.',
    'Register it in that worker, or correct the name in the playbook.',
  ],
  'unknown-playbook': [
    'The playbook that was asked for by name is not there.',
    'List them with `rerail playbook list`.',
  ],
  'unsupported-entry': [
    'A file of a kind that cannot be captured or restored: a socket, a device.',
    'Leave it out with `--exclude`; it is listed in the checkpoint, which is then partial.',
  ],
  'unsupported-media-type': ['The API takes JSON only.', 'Send `Content-Type: application/json`.'],
  'workspace-refused': [
    'The directory is not captured or restored on purpose: a home directory, `/`, or one that holds the store.',
    'Choose a directory of your project.',
  ],
};
