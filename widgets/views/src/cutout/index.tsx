/**
 * The Cutouts panel. Traits: `positions_text` (both ways), `job_id` (given), `host`, `expanded`, `cut` (read: positions that another panel
 * gives), `draft_id`, `draft_source`, `cutout_form` (kept over a reload).
 */

import { Transport, type RenderArguments } from "../shared/model";
import { mount } from "../shared/ui";
import "./cutout.css";
import { CutoutPanel } from "./panel";
import { CutoutState } from "./state";

export default {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const state = new CutoutState(model, transport);
    const unmount = mount(el, <CutoutPanel state={state} />);
    return () => {
      unmount();
      state.close();
      transport.close();
    };
  },
};
