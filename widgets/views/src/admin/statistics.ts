/** What is counted for each group, and who somebody is here, in words. */

import { count } from "../shared/format";
import type { Overview } from "./data";
import { hoursWords } from "./words";

type Measure = number | string | null;

interface Shown {
  title: string;
  words: (value: Measure) => string;
}

const counts: Shown["words"] = (value) => (typeof value === "number" ? count(value) : "–");
const hours: Shown["words"] = (value) => (typeof value === "number" ? hoursWords(value) : "–");

/** The measures that are shown, in their order. */
export const STATISTICS: Readonly<Record<string, Shown>> = {
  users: { title: "Users", words: counts },
  labs_running: { title: "Labs now", words: counts },
  labs: { title: "Labs started", words: counts },
  lab_hours: { title: "Lab-hours", words: hours },
  gpu_hours: { title: "GPU-hours", words: hours },
  jobs: { title: "Jobs", words: counts },
  jobs_active: { title: "Jobs now", words: counts },
};

/** As what this person is here. */
export function roleWords({ user, rights, administers }: Overview): string {
  if (rights.includes("admin")) return `${user}, administrator`;
  const whom = administers.length ? `members of ${administers.join(", ")}` : "nobody";
  if (rights.includes("monitor")) return `${user}, monitor: sees all, acts on ${whom}`;
  return `${user}, administrator of ${administers.join(", ")}`;
}
