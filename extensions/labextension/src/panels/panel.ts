/** One service's panel: a widget that loads the service's module and draws it; it can sit in a sidebar or, wide, in the main area. */

import type { LabIcon } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { ServerModel } from '../model/server-model';

/** A panel's module: the front-end form of anywidget. */
export interface PanelModule {
  render: (given: { model: ServerModel; el: HTMLElement }) => unknown;
}

export interface PanelOptions {
  name: string;
  title: string;
  icon: LabIcon;
  model: ServerModel;
  load: (attempt: number) => Promise<PanelModule>;
  /** Called instead of closing the panel when its tab in the main area is closed. */
  fold?: (panel: ServicePanel) => void;
}

/** How long loading may take before it is said, milliseconds. */
const PATIENCE = 100;

export class ServicePanel extends Widget {
  constructor(private readonly options: PanelOptions) {
    super();
    this.id = `skydesk-${options.name}`;
    this.addClass('skydesk-Panel');
    this.title.icon = options.icon;
    this.title.caption = options.title;
    this.node.setAttribute('role', 'region');
    this.node.tabIndex = -1;
    this.node.setAttribute('aria-label', options.title);
    this.model = options.model;
  }

  readonly model: ServerModel;

  get name(): string {
    return this.options.name;
  }

  /** Whether it stands wide in the main area. Told to the view as `expanded`. */
  get expanded(): boolean {
    return this.model.get('expanded') === true;
  }

  set expanded(expanded: boolean) {
    this.title.label = expanded ? this.options.title : '';
    this.title.closable = expanded;
    this.model.set('expanded', expanded);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.cleanUp();
      this.model.dispose();
      super.dispose();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.loadOnce();
  }

  protected override onBeforeDetach(message: Message): void {
    super.onBeforeDetach(message);
    const all = [...this.node.querySelectorAll('*')].filter(element => element.scrollTop || element.scrollLeft);
    this.scrolled = all.map(element => ({ element, top: element.scrollTop, left: element.scrollLeft }));
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    // An element that was taken out of the page comes back scrolled to its beginning.
    this.scrolled.forEach(({ element, top, left }) => element.scrollTo({ top, left }));
    this.scrolled = [];
    if (this.isVisible) {
      this.loadOnce();
    }
  }

  /** Let the next activation bring it to the front only: whoever works elsewhere goes on there. */
  keepFocusElsewhere(): void {
    this.quiet = true;
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (this.quiet) {
      this.quiet = false;
      return;
    }
    this.focusFirst();
  }

  /** Give the focus to where work begins; to the panel itself while its view is on its way. */
  private focusFirst(): void {
    const { node } = this;
    const first = node.querySelector<HTMLElement>('[data-autofocus]') ?? node.querySelector<HTMLElement>('[tabindex="0"], textarea, input, button');
    (first ?? node).focus({ preventScroll: true });
  }

  protected override onCloseRequest(message: Message): void {
    if (this.options.fold) {
      this.options.fold(this);
    } else {
      super.onCloseRequest(message);
      this.dispose();
    }
  }

  private loadOnce(): void {
    if (!this.loading) {
      this.loading = this.loadAndRender();
    }
  }

  private async loadAndRender(): Promise<void> {
    const busy = setTimeout(() => this.say(`Loading ${this.options.title} …`), PATIENCE);
    try {
      const module = await this.options.load(this.attempt++);
      clearTimeout(busy);
      if (this.isDisposed) {
        return;
      }
      const el = document.createElement('div');
      el.className = 'skydesk-Panel-view';
      this.node.replaceChildren(el);
      const cleanUp = await module.render({ model: this.model, el });
      this.cleanUp = typeof cleanUp === 'function' ? (cleanUp as () => void) : () => undefined;
      if (document.activeElement === this.node) {
        this.focusFirst();
      }
    } catch (error) {
      clearTimeout(busy);
      this.say(`The ${this.options.title} panel could not be loaded: ${(error as Error).message}`, () => {
        this.loading = this.loadAndRender();
      });
    }
  }

  private say(text: string, retry?: () => void): void {
    this.node.replaceChildren(message(text, retry));
  }

  private loading: Promise<void> | null = null;
  private scrolled: { element: Element; top: number; left: number }[] = [];
  private attempt = 0;
  private quiet = false;
  private cleanUp: () => void = () => undefined;
}

/** A few words instead of a view, and a way on. */
export function message(text: string, retry?: () => void): HTMLElement {
  const box = document.createElement('div');
  box.className = 'skydesk-Message';
  const words = document.createElement('p');
  words.setAttribute('role', 'status');
  words.textContent = text;
  box.append(words);
  if (retry) {
    const button = document.createElement('button');
    button.className = 'jp-mod-styled jp-mod-minimal skydesk-Message-retry';
    button.type = 'button';
    button.textContent = 'Try again';
    button.addEventListener('click', retry);
    box.append(button);
  }
  return box;
}
