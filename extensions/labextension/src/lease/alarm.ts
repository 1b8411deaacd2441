/** Which of several times before an end has come: each is told once for each end. */

/** An end that moved by less than this is the same end: the service may round. Milliseconds. */
const SAME_END = 1000;

export class Alarm {
  /**
   * Tell that a time has come, or null: the smallest of those that have come since the last question.
   *
   * An end that moves arms all times again. Those that it has come under already are told only if the end came nearer: whoever has just
   * extended a lab knows how long it lasts.
   */
  due(endsAt: number, secondsLeft: number, thresholds: readonly number[]): number | null {
    this.follow(endsAt, secondsLeft, thresholds);
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

  private follow(endsAt: number, secondsLeft: number, thresholds: readonly number[]): void {
    const before = this.endsAt;
    if (before !== null && Math.abs(endsAt - before) < SAME_END) {
      return;
    }
    this.endsAt = endsAt;
    this.told = new Set(before !== null && endsAt > before ? thresholds.filter(seconds => secondsLeft <= seconds) : []);
  }

  private endsAt: number | null = null;
  private told = new Set<number>();
}
