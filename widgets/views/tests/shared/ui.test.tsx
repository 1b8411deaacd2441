import { render } from "preact";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Button, Confirm, Dialog, IconButton, MenuButton, mount, Progress, Time, Toasts, useId } from "../../src/shared/ui";
import { settled } from "../fakes/model";

let el: HTMLElement;
function draw(content: preact.ComponentChild): HTMLElement {
  el = document.createElement("div");
  document.body.append(el);
  render(content, el);
  return el;
}

afterEach(() => {
  render(null, el);
  document.body.replaceChildren();
});

function press(key: string, options: KeyboardEventInit = {}): void {
  document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }));
}

test("what one panel labels is its own, whatever another panel of the page holds", () => {
  const Field = (): preact.JSX.Element => {
    const id = useId();
    return <input id={id} />;
  };
  const first = draw(<Field />).querySelector("input");
  const second = draw(<Field />).querySelector("input");
  expect(first?.id).toBeTruthy();
  expect(first?.id).not.toBe(second?.id);
});

test("a disabled button keeps its place for the keyboard and does nothing", () => {
  const clicked = vi.fn();
  const button = draw(
    <Button disabled title="nothing to do" onClick={clicked}>
      Go
    </Button>,
  ).querySelector("button");
  button?.click();
  expect(clicked).not.toHaveBeenCalled();
  expect(button?.getAttribute("aria-disabled")).toBe("true");
  expect(button?.disabled).toBe(false);
});

test("an icon button has a name", () => {
  draw(<IconButton icon="cross" label="Dismiss" onClick={() => undefined} />);
  expect(el.querySelector("button")?.textContent).toBe("Dismiss");
});

describe("menu", () => {
  const chosen = vi.fn();
  async function openMenu(): Promise<void> {
    chosen.mockClear();
    draw(
      <MenuButton
        label="More"
        items={[
          { label: "Check", onSelect: () => chosen("check") },
          { label: "Clear", disabled: true, onSelect: () => chosen("clear") },
          { label: "Explain", onSelect: () => chosen("explain") },
        ]}
      />,
    );
    el.querySelector("button")?.click();
    await settled();
  }

  test("opens with the focus on the first item, arrows go round, Enter is the button's own", async () => {
    await openMenu();
    expect(document.activeElement?.textContent).toBe("Check");
    press("ArrowUp");
    expect(document.activeElement?.textContent).toBe("Explain");
    press("ArrowDown");
    press("End");
    (document.activeElement as HTMLElement).click();
    await settled();
    expect(chosen).toHaveBeenCalledExactlyOnceWith("explain");
    expect(el.querySelector("[role=menu]")).toBeNull();
  });

  test("Escape closes and gives the focus back", async () => {
    await openMenu();
    press("Escape");
    await settled();
    expect(el.querySelector("[role=menu]")).toBeNull();
    expect(document.activeElement).toBe(el.querySelector("button"));
  });

  test("a press elsewhere closes; a disabled item does nothing", async () => {
    await openMenu();
    [...el.querySelectorAll<HTMLElement>("[role=menuitem]")][1]?.click();
    expect(chosen).not.toHaveBeenCalled();
    document.body.dispatchEvent(new Event("pointerdown", { bubbles: true, composed: true }));
    await settled();
    expect(el.querySelector("[role=menu]")).toBeNull();
  });
});

describe("dialog", () => {
  test("holds the focus and gives it back", async () => {
    const before = document.createElement("button");
    document.body.append(before);
    before.focus();
    draw(
      <Dialog title="Rename" onClose={() => undefined} actions={<Button onClick={() => undefined}>Last</Button>}>
        <input aria-label="Name" />
      </Dialog>,
    );
    await settled();
    const input = el.querySelector("input");
    const last = el.querySelector("button");
    expect(document.activeElement).toBe(input);
    press("Tab", { shiftKey: true });
    expect(document.activeElement).toBe(last);
    press("Tab");
    expect(document.activeElement).toBe(input);
    render(null, el);
    await settled();
    expect(document.activeElement).toBe(before);
  });

  test("a question says what will happen, and only yes does it", async () => {
    const yes = vi.fn();
    const close = vi.fn();
    draw(<Confirm question={{ title: "Delete 3 jobs?", text: "<b>Their</b> files are erased.", yes: "Delete 3 jobs", danger: true, onYes: yes }} onClose={close} />);
    await settled();
    expect(el.textContent).toContain("<b>Their</b> files");
    expect(document.activeElement?.textContent).toBe("Cancel");
    press("Escape");
    expect(close).toHaveBeenCalledTimes(1);
    expect(yes).not.toHaveBeenCalled();
    [...el.querySelectorAll("button")].find((button) => button.textContent === "Delete 3 jobs")?.click();
    expect(yes).toHaveBeenCalledTimes(1);
  });
});

test("toasts can be acted on and dismissed, and errors are read out at once", () => {
  const act = vi.fn();
  const dismiss = vi.fn();
  draw(
    <Toasts
      toasts={[
        { id: 1, kind: "error", text: "no" },
        { id: 2, kind: "success", text: "yes", action: { label: "Show", onSelect: act } },
      ]}
      onDismiss={dismiss}
    />,
  );
  expect(el.querySelector("[role=alert]")?.textContent).toContain("Error: no");
  [...el.querySelectorAll("button")].forEach((button) => button.click());
  expect(act).toHaveBeenCalledTimes(1);
  expect(dismiss.mock.calls).toEqual([[1], [2]]);
});

test("progress tells its per cent, or that it is not known", () => {
  draw(
    <>
      <Progress fraction={0.62} label="m2" />
      <Progress fraction={null} label="other" />
      <Progress fraction={7} label="too much" />
    </>,
  );
  const [known, unknown, clipped] = [...el.querySelectorAll("[role=progressbar]")];
  expect(known?.getAttribute("aria-valuenow")).toBe("62");
  expect(unknown?.hasAttribute("aria-valuenow")).toBe(false);
  expect(clipped?.getAttribute("aria-valuenow")).toBe("100");
});

test("a time has the exact moment in its tooltip", () => {
  draw(<Time iso="2020-01-02T03:04:05Z" />);
  expect(el.querySelector("time")?.title).toBe("2020-01-02 03:04:05 UTC");
});

describe("mount", () => {
  test("follows the page's theme and goes without a trace", async () => {
    const host = document.createElement("div");
    document.body.append(host);
    document.body.dataset["jpThemeLight"] = "false";
    const unmount = mount(host, <p>panel</p>);
    const root = host.firstElementChild;
    expect(root?.getAttribute("data-sky-theme")).toBe("dark");
    expect(root?.getAttribute("data-lm-suppress-shortcuts")).toBe("true");
    document.body.dataset["jpThemeLight"] = "true";
    document.body.setAttribute("data-jp-theme-name", "JupyterLab Light");
    await settled();
    expect(root?.getAttribute("data-sky-theme")).toBe("light");
    unmount();
    expect(host.childElementCount).toBe(0);
  });
});
