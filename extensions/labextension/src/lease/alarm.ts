/** Which of several times before an end has come: each is told once for each end. */

/** How far an end must move away before what has been told is told again: ends that follow from budgets move a little all the time. Seconds. */
const MARGIN_SECONDS = 30;

/** What has been told, and of which end. */
export interface Told {
  /** Id of the lease. */
  lease: string;
  endsAt: number;
  seconds: number[];
}

export class Alarm {
  /**
   * Tell that a time has come, or null: the smallest of those that have come since the last question.
   *
   * An end that moves away arms again the times that it is beyond now; one that comes nearer is told at once. Another lease begins anew.
   */
  due(lease: string, endsAt: number, secondsLeft: number, thresholds: readonly number[]): number | null {
    this.follow(lease, endsAt, secondsLeft);
    const come = thresholds.filter(seconds => secondsLeft <= seconds && !this.told.seconds.includes(seconds));
    this.told.seconds.push(...come);
    return come.length ? Math.min(...come) : null;
  }

  private follow(lease: string, endsAt: number, secondsLeft: number): void {
    const before = this.told;
    if (before.lease !== lease) {
      this.told = { lease, endsAt, seconds: [] };
    } else if (before.endsAt !== endsAt) {
      this.told = { lease, endsAt, seconds: before.seconds.filter(seconds => secondsLeft <= seconds + MARGIN_SECONDS) };
    }
  }

  /** Kept over a reload by whoever wants to. */
  told: Told = { lease: '', endsAt: 0, seconds: [] };
}
