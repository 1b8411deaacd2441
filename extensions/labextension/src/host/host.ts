/** What panels can ask of the lab around them. A panel hides what no plugin offers. */

export interface HostRequest {
  /** Name of the panel that asks. */
  panel: string;
  content: Record<string, unknown>;
  buffers: ArrayBuffer[];
}

export type HostAction = (request: HostRequest) => void | Promise<void>;

export class Host {
  constructor(private readonly tell: (message: string) => void) {}

  /** Offer an action. Panels that are drawn already are not told of it. */
  add(name: string, action: HostAction): void {
    this.actions.set(name, action);
  }

  /** Offer an action no more. */
  remove(name: string): void {
    this.actions.delete(name);
  }

  get names(): string[] {
    return [...this.actions.keys()].sort();
  }

  /** Do an action; where it fails the user is told why. */
  async run(name: string, request: HostRequest): Promise<void> {
    try {
      const action = this.actions.get(name);
      if (!action) {
        throw new Error(`this lab cannot do "${name}"`);
      }
      await action(request);
    } catch (error) {
      this.tell(error instanceof Error ? error.message : String(error));
    }
  }

  private readonly actions = new Map<string, HostAction>();
}

/** A text of a panel's request. */
export function textOf(request: HostRequest, key: string): string {
  const value = request.content[key];
  if (typeof value !== 'string' || !value) {
    throw new Error(`the ${request.panel} panel named no ${key}`);
  }
  return value;
}
