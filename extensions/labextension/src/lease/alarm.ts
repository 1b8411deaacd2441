/** Which of several times before an end has come: each is told once for each end. */

/** How far an end must move away before what has been told is told again: ends that follow from budgets move a little all the time. Seconds. */
const MARGIN_SECONDS = 30;

export class Alarm {
  /**
   * Tell that a time has come, or null: the smallest of those that have come since the last question.
   *
   * An end that moves away arms again the times that it is beyond now; one that comes nearer is told at once.
   */
  due(endsAt: number, secondsLeft: number, thresholds: readonly number[]): number | null {
    if (this.endsAt !== endsAt) {
      this.endsAt = endsAt;
      this.told = new Set([...this.told].filter(seconds => secondsLeft <= seconds + MARGIN_SECONDS));
    }
    const come = thresholds.filter(seconds => secondsLeft <= seconds && !this.told.has(seconds));
    come.forEach(seconds => this.told.add(seconds));
    return come.length ? Math.min(...come) : null;
  }

  /** What has been told of which end, to be given to `recall` after a reload. */
  get memory(): { endsAt: number; told: number[] } | null {
    return this.endsAt === null ? null : { endsAt: this.endsAt, told: [...this.told] };
  }

  recall(memory: { endsAt: number; told: number[] }): void {
    this.endsAt = memory.endsAt;
    this.told = new Set(memory.told);
  }

  private endsAt: number | null = null;
  private told = new Set<number>();
}
