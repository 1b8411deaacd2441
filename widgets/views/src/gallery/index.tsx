/** The gallery of a cutout job. Traits: `job_id` (followed), `host`. */

import { Transport, type RenderArguments } from "../shared/model";
import { mount } from "../shared/ui";
import "./gallery.css";
import { GalleryPanel } from "./panel";
import { GalleryState } from "./state";

export default {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const state = new GalleryState(model, transport);
    const unmount = mount(el, <GalleryPanel state={state} />);
    return () => {
      unmount();
      state.close();
      transport.close();
    };
  },
};
