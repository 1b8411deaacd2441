/** Numbers, sizes, durations and times in words. */

const COUNT = new Intl.NumberFormat("en-US");
const SHORT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** A whole number with thousands marked: 1,234,567. */
export function count(value: number): string {
  return COUNT.format(value);
}

/** A count and its noun: `1 row`, `1,000 rows`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A size in bytes as a person reads it, decimal as in file browsers: `0 B`, `1.25 MB`. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${SHORT.format(value)} ${units[unit] ?? ""}`;
}

/** A span of time: `0.04 s`, `12 s`, `3 min 12 s`, `2 h 5 min`, `9 days`. */
export function duration(seconds: number): string {
  if (seconds < 0.005) return "0 s";
  if (seconds < 9.95) return `${seconds < 1 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return joined(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 48 * 3600) return joined(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return `${Math.round(whole / 86400)} days`;
}

/** A moment as seen from now: `just now`, `5 min ago`, `in 3 days`, `yesterday`. */
export function relativeTime(iso: string, now: number = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Number.isNaN(seconds)) return iso;
  const past = seconds <= 0;
  const words = span(Math.abs(seconds));
  if (words === null) return past ? "just now" : "in a moment";
  return past ? `${words} ago` : `in ${words}`;
}

/** The moment itself, for a tooltip: `2026-11-22 18:27:03 UTC`. */
export function exactTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function span(seconds: number): string | null {
  if (seconds < 45) return null;
  if (seconds < 45 * 60) return `${Math.max(1, Math.round(seconds / 60))} min`;
  if (seconds < 22 * 3600) return `${Math.max(1, Math.round(seconds / 3600))} h`;
  const days = Math.max(1, Math.round(seconds / 86400));
  if (days < 60) return days === 1 ? "1 day" : `${days} days`;
  if (days < 600) return `${Math.round(days / 30.44)} months`;
  return `${Math.round(days / 365.25)} years`;
}

function joined(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first} ${firstUnit}` : `${first} ${firstUnit} ${second} ${secondUnit}`;
}
