/** The Query panel. */

import { Transport, type RenderArguments } from "../shared/model";
import { mount } from "../shared/ui";

export default {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const unmount = mount(el, <textarea class="sky-input" aria-label="SQL" value={String(model.get("sql") ?? "")} />);
    return () => {
      unmount();
      transport.close();
    };
  },
};
