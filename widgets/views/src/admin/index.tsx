/** The administrators' view, and the page of the hub's service that shows it. */

import { Transport, type PanelModel, type RenderArguments } from "../shared/model";
import { mount } from "../shared/ui";
import "./admin.css";
import { HttpModel } from "./http-model";
import { AdminPanel } from "./panel";
import { AdminState } from "./state";

/** The page's element, which names the API's address and the hub's. */
const PAGE = "skydesk-admin";

const admin = {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const state = new AdminState(transport, model);
    const hub = model.get("hub");
    const unmount = mount(el, <AdminPanel state={state} hub={typeof hub === "string" ? hub : null} />, "sky-admin");
    return () => {
      unmount();
      state.close();
      transport.close();
    };
  },
};

/** The section stands behind the address's `#`, so that it can be linked to and the browser's own buttons go through them. */
function followAddress(model: PanelModel): void {
  const fromAddress = (): void => model.set("section", location.hash.slice(1) || "labs");
  window.addEventListener("hashchange", fromAddress);
  model.on("change:section", () => {
    const wanted = `#${String(model.get("section"))}`;
    if (location.hash !== wanted) location.hash = wanted;
  });
  fromAddress();
}

/** The hub's pages remember a theme that somebody has chosen; ours follows it. */
function followTheme(): void {
  const chosen = localStorage.getItem("jupyterhub-bs-theme");
  if (chosen === "dark" || chosen === "light") document.body.dataset["jpThemeLight"] = String(chosen === "light");
}

const page = document.getElementById(PAGE);
if (page) {
  const model = new HttpModel({ base: page.dataset["api"] ?? "", state: { hub: page.dataset["hub"] ?? null } });
  followTheme();
  followAddress(model);
  admin.render({ model, el: page });
}

export default admin;
