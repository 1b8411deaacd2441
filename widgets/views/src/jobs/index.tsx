/** The Jobs panel. */

import { Transport, type RenderArguments } from "../shared/model";
import { mount } from "../shared/ui";
import "./jobs.css";
import { JobsPanel } from "./panel";
import { JobsState } from "./state";

export default {
  render({ model, el }: RenderArguments): () => void {
    const transport = new Transport(model);
    const state = new JobsState(transport, model);
    const unmount = mount(el, <JobsPanel state={state} model={model} />, "sky-jobs");
    return () => {
      unmount();
      state.close();
      transport.close();
    };
  },
};
