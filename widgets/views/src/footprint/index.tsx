/** The Footprint panel. Traits: `selected_tile`, `region`, `positions_text` (both ways), `host`, `expanded` (read). */

import { Transport, type RenderArguments } from "../shared/model";
import { mount } from "../shared/ui";
import "./footprint.css";
import { FootprintPanel } from "./panel";
import { FootprintState } from "./state";

export default {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const state = new FootprintState(model, transport);
    const unmount = mount(el, <FootprintPanel state={state} />);
    void state.load();
    return () => {
      unmount();
      state.close();
      transport.close();
    };
  },
};
