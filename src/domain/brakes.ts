/** What is known of the past and the present of a target and a playbook, from Visibility. */
export interface BrakeReadings {
  now: Date;
  /** Automation is switched off, by whom and why. */
  killSwitch?: { by: string; reason: string };
  /** Recoveries of this target that began within the last hour or the flap window, without this one. */
  ofTarget: readonly { runId: string; status: string; failureType: string | null; startedAt: Date; closedAt?: Date }[];
  /** Recoveries that are open, without this one; undefined where nobody has asked. */
  open?: number | undefined;
  /** Other targets that this playbook has treated within the last hour. */
  targetsOfPlaybook: number;
  /** Why the past could not be read. Then a person decides. */
  unknown?: string;
}

/** Who lets a recovery through its brakes, and why. */
export interface BreakGlass {
  by: string;
  reason: string;
}
