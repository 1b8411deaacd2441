/** The Query panel. Traits: `sql` (both ways), `result_meta`, `selected_job` (given), `host`, `expanded` (read). */

import { Transport, type RenderArguments } from "../shared/model";
import { mount } from "../shared/ui";
import { QueryPanel } from "./panel";
import { QueryState } from "./state";

export default {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const state = new QueryState(model, transport);
    const unmount = mount(el, <QueryPanel state={state} />);
    return () => {
      unmount();
      state.close();
      transport.close();
    };
  },
};
