"""A JupyterLab in the browser, in a person's words: open a panel, write a query, press a button."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from .demo import wait_until
from .watch import Watch

__all__ = ["JobsPanel", "Lab", "QueryPanel"]

LONG_MS = 60_000


@dataclass(slots=True)
class Lab:
    """One page with JupyterLab in it."""

    page: Page
    base: str
    """Address of the lab's server, without a slash at the end."""
    watch: Watch

    def open(self, *, path: str = "lab", keep_layout: bool = False) -> None:
        """Go to the lab and wait until it stands; forgets the layout of the last visit, unless told to keep it."""
        self.page.goto(f"{self.base}/{path}" + ("" if keep_layout else "?reset"))
        self.wait()
        if not keep_layout:
            # the lab's start ends with its launcher taking the focus: what is typed before goes there
            expect(self.page.locator(".jp-Launcher")).to_be_focused(timeout=LONG_MS)

    def wait(self) -> None:
        """Wait until the lab stands."""
        expect(self.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=LONG_MS)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=LONG_MS)

    @property
    def cards(self) -> Locator:
        """The cards of our services in the launcher."""
        return self.page.locator(".jp-Launcher-section", has_text="SkyDesk").locator(".jp-LauncherCard")

    def tab(self, name: str) -> Locator:
        """The tab of a service in the left sidebar."""
        return self.page.locator(f".jp-SideBar .lm-TabBar-tab[data-id='skydesk-{name}']")

    def show(self, name: str) -> Locator:
        """Bring a panel to the front and give what it draws."""
        panel = self.page.locator(f"#skydesk-{name}")
        if not panel.is_visible():
            self.tab(name).click()
        expect(panel.locator(".sky-root")).to_be_visible(timeout=LONG_MS)
        return panel

    def query(self) -> "QueryPanel":
        """The Query panel, in front."""
        return QueryPanel(self, self.show("query"))

    def jobs(self) -> "JobsPanel":
        """The Jobs panel, in front."""
        return JobsPanel(self, self.show("jobs"))

    @property
    def result(self) -> Locator:
        """The result grid's panel in the main area."""
        return self.page.locator("#skydesk-result")

    def menu(self, *names: str) -> None:
        """Choose from the menu bar."""
        self.page.get_by_role("menuitem", name=names[0], exact=True).click()
        for name in names[1:]:
            # submenus and ticked items have other roles
            self.page.locator(".lm-Menu-item", has=self.page.get_by_text(name, exact=True)).last.click()

    def run_all(self) -> None:
        """Wait for the notebook in front and for its kernel, and run all its cells."""
        expect(self.page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=LONG_MS)
        self.wait_for_kernel()
        self.menu("Run", "Run All Cells")

    def wait_for_kernel(self) -> None:
        """Wait until the kernel of the newest notebook answers; before that the lab would ask which kernel to take."""
        with self.cookies() as client:

            def ready() -> bool:
                sessions = client.get(f"{self.base}/api/sessions").json()
                kernels = [session["kernel"] for session in sessions]
                return bool(kernels) and all(kernel["connections"] > 0 and kernel["execution_state"] == "idle" for kernel in kernels)

            wait_until(ready, seconds=120, what="the kernel")
        expect(self.page.locator(".jp-Notebook-ExecutionIndicator:visible")).to_have_attribute("data-status", "idle", timeout=LONG_MS)

    def shut_down_kernels(self) -> None:
        """End the kernels that a test has left."""
        with self.cookies() as client:
            for session in client.get(f"{self.base}/api/sessions").json():
                client.delete(f"{self.base}/api/sessions/{session['id']}").raise_for_status()

    def cookies(self) -> httpx.Client:
        """An HTTP client with this person's cookies, to look behind the page."""
        jar = httpx.Cookies()
        for cookie in self.page.context.cookies():
            jar.set(cookie["name"], cookie["value"], domain="127.0.0.1", path=cookie["path"])
        xsrf = next((c["value"] for c in self.page.context.cookies() if c["name"] == "_xsrf" and c["path"].startswith("/user")), "")
        return httpx.Client(base_url=f"{self.base}/skydesk/api/", cookies=jar, headers={"X-XSRFToken": xsrf}, trust_env=False, timeout=60)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """Run a script in the page."""
        return self.page.evaluate(script, argument)

    @contextmanager
    def quiet(self, part: str) -> Iterator[None]:
        """Assert that nothing with this part in its path is asked for meanwhile."""
        mark = self.watch.mark
        yield
        assert [asked for asked in self.watch.since(mark, part) if "events" not in asked] == []


@dataclass(slots=True)
class Panel:
    """What both panels have."""

    lab: Lab
    root: Locator

    @property
    def page(self) -> Page:
        return self.lab.page

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button of this panel, by its name."""
        return self.root.get_by_role("button", name=name, exact=isinstance(name, str))

    def widen(self) -> None:
        """Open the panel wide in the main area."""
        self.button(re.compile("^Open .*wide")).click()
        expect(self.page.locator("#jp-main-dock-panel").locator(f"#{self.root.get_attribute('id')}")).to_be_visible()


class QueryPanel(Panel):
    """The Query panel."""

    __slots__ = ()

    @property
    def editor(self) -> Locator:
        """Where the statement is written."""
        return self.root.locator(".cm-content")

    @property
    def notice(self) -> Locator:
        """The message below the editor."""
        return self.root.locator(".sky-query__status .sky-message")

    def write(self, sql: str) -> None:
        """Put a statement into the editor, in the place of what is there."""
        self.editor.click(position={"x": 20, "y": 8})
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(sql)

    def type(self, text: str) -> None:
        """Type into the editor, key by key."""
        self.editor.press_sequentially(text, delay=20)

    def run(self, sql: str) -> Locator:
        """Run a statement quickly and give the result's place in the main area."""
        self.write(sql)
        with self.page.expect_response(lambda response: "/query/quick" in response.url) as answer:
            self.button("Quick").click()
        assert answer.value.status == 200, answer.value.text()
        expect(self.lab.result).to_be_visible()
        expect(self.button("Quick")).to_be_visible()
        return self.lab.result

    def more(self, item: str) -> None:
        """Choose from the menu behind the three dots."""
        self.button("More").click()
        self.root.get_by_role("menuitem", name=item, exact=True).click()

    def section(self, title: str) -> Locator:
        """Open a part of the narrow panel and give it."""
        section = self.root.get_by_role("region", name=title, exact=True)
        head = section.get_by_role("button", name=title, exact=True)
        if head.get_attribute("aria-expanded") != "true":
            head.click()
        return section

    def fill_in(self, sql: str, *, name: str, file_name: str = "") -> Locator:
        """Write a statement and fill in what its job is to be; gives the button that submits it."""
        self.write(sql)
        self.root.get_by_label("Output file").fill(file_name)
        options = self.button(re.compile("Job options"))
        if options.get_attribute("aria-expanded") != "true":
            options.click()
        self.root.get_by_label("Job name").fill(name)
        return self.button(re.compile("^Submit")).first

    def submit(self, sql: str, *, name: str, file_name: str = "") -> str:
        """Submit a job and give its id."""
        submit = self.fill_in(sql, name=name, file_name=file_name)
        with self.page.expect_response(lambda response: "/query/job" in response.url) as answer:
            submit.click()
        assert answer.value.status == 201, answer.value.text()
        return str(answer.value.json()["id"])


class JobsPanel(Panel):
    """The Jobs panel."""

    __slots__ = ()

    def row(self, name: str) -> Locator:
        """The row of a job, by its name."""
        return self.root.locator(f".sky-jobs__row[aria-label^={json.dumps(name + ', ')}]")

    @property
    def names(self) -> list[str]:
        """The names in the list, from above."""
        rows = self.root.locator(".sky-jobs__row")
        labels = [row.get_attribute("aria-label") or "" for row in rows.all()]
        order = [row.get_attribute("aria-rowindex") for row in rows.all()]
        return [label.split(", ")[0] for _, label in sorted(zip(map(int, map(str, order)), labels, strict=True))]

    def details(self, name: str) -> Locator:
        """Open a job and give its details."""
        self.row(name).click()
        details = self.root.get_by_role("region", name=f"Job {name}", exact=True)
        expect(details).to_be_visible()
        return details

    def wait(self, name: str, phase: str, *, seconds: float = 60) -> None:
        """Wait until a job's row says a phase."""
        says = re.compile(rf"^{re.escape(name)}, ({phase}),")
        expect(self.row(name).first).to_have_attribute("aria-label", says, timeout=1000 * seconds)
