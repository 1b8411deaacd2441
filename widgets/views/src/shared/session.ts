/** Who is logged in and what they may use: the guards of `GET session`. */

import { fields, text, type JsonRecord } from "./json";

export interface ServiceInfo {
  name: string;
  title: string;
  description: string;
}

export interface Session {
  user: { name: string; groups: string[] };
  services: ServiceInfo[];
  survey: { name: string; title: string; releases: string[]; default_release: string | null };
  /** Limits by service, as the service states them. */
  limits: JsonRecord;
  /** Where the lab's file browser has the job folders; null where it has not. */
  files_root: string | null;
  mode: string;
  version: string;
}

export function sessionFromJson(json: unknown): Session {
  const of = fields(json, "session");
  const user = fields(of.object("user"), "session.user");
  const survey = fields(of.object("survey"), "session.survey");
  return {
    user: { name: user.text("name"), groups: user.list("groups", text) },
    services: of.list("services", serviceInfoFromJson),
    survey: {
      name: survey.text("name"),
      title: survey.text("title"),
      releases: survey.list("releases", text),
      default_release: survey.textOrNull("default_release"),
    },
    limits: of.object("limits"),
    files_root: of.textOrNull("files_root"),
    mode: of.text("mode"),
    version: of.text("version"),
  };
}

function serviceInfoFromJson(json: unknown): ServiceInfo {
  const of = fields(json, "service");
  return { name: of.text("name"), title: of.text("title"), description: of.text("description") };
}
