"""A browser, a demo hub with its accounts, and labs in it; all watched."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.ports import free_port

from .demo import Demo
from .lab import LONG_MS, Lab
from .watch import Watch

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "test-results"
ACCOUNTS = ("henrietta", "vera", "cecilia")
# Of such arguments Chromium takes the last: the first line is what Playwright gives and is wanted here too. The second is the list below
# the address bar, which nobody sees here: to prepare it costs every context half a second.
FEATURES = (
    *("DestroyProfileOnBrowserClose", "HttpsUpgrades", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding"),
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(FEATURES)}",
    # a name that somebody asks for is not found: what would leave the machine fails, and is recorded
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)

OpenLab = Callable[..., Lab]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
        if demo := item.session.stash.get(_DEMO, None):
            report.sections.append(("the hub's log ends with", demo.log.read_text(errors="replace")[-4000:]))
    return report


_FAILED = pytest.StashKey[bool]()
_DEMO = pytest.StashKey[Demo]()


def missing(what: str) -> NoReturn:
    """Skip by the name of what is missing; on CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing on CI: {what}")
    pytest.skip(f"missing: {what}")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or the one that CHROMIUM names."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        missing("Chromium (apt install chromium, or name it in CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def installed() -> Path:
    """The environment, with SkyDesk installed in it and not only found in the sources."""
    wanted = (Path(sys.prefix) / "bin/skydesk", Path(sys.prefix) / "share/jupyter/labextensions/skydesk-lab/package.json")
    for path in wanted:
        if not path.exists():
            missing(f"{path.relative_to(sys.prefix)} in this environment (pip install '.[test]')")
    return Path(sys.prefix)


@pytest.fixture(scope="package")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where pip has installed a service that only `advanced` may use."""
    folder = tmp_path_factory.mktemp("weather")
    shutil.copytree(ROOT / "tests/data/weather_service", folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(folder / "site"), str(folder / "source")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "site"


MakeDemo = Callable[..., AbstractContextManager[Demo]]


@pytest.fixture(scope="package")
def make_demo(installed: Path, tiny_survey: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> MakeDemo:
    """Runs a demo hub in a folder of its own."""

    @contextmanager
    def run(name: str, **options: Any) -> Iterator[Demo]:
        folder = tmp_path_factory.mktemp(name)
        (folder / "home").mkdir()
        (folder / "demo").mkdir()
        demo = Demo(folder / "demo", home=folder / "home", port=free_port(), **options)
        try:
            demo.start()
            request.session.stash[_DEMO] = demo
            yield demo
        finally:
            demo.close()

    return run


@pytest.fixture(scope="package")
def demo(make_demo: MakeDemo, weather: Path) -> Iterator[Demo]:
    """The demo hub that all tests with labs share."""
    with make_demo("hub", paths=(weather,)) as demo:
        yield demo


@pytest.fixture(scope="package")
def pages_demo(make_demo: MakeDemo) -> Iterator[Demo]:
    """A demo hub in which nobody but annie has a lab: who has one is led there, and sees no page of the hub."""
    with make_demo("pages") as demo:
        yield demo


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the test's pages ask for and complain of; fails where they ask outside or complain."""
    watch = Watch()
    yield watch
    assert watch.outside() == []
    assert watch.complaints == []


@pytest.fixture
def new_context(chromium: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts: fresh browsers without cookies, or with those of a state. What they show is kept where a test fails."""
    with ExitStack() as stack:

        def make(*, size: tuple[int, int] = (1400, 900), state: Any = None) -> BrowserContext:
            context = chromium.new_context(
                viewport={"width": size[0], "height": size[1]}, storage_state=state, permissions=["clipboard-read", "clipboard-write"]
            )
            context.set_default_timeout(20_000)
            watch.over(context)
            stack.callback(context.close)
            stack.callback(_keep_pictures, context, request.node)
            return context

        yield make


def _keep_pictures(context: BrowserContext, item: pytest.Item) -> None:
    if item.stash.get(_FAILED, False):
        PICTURES.mkdir(exist_ok=True)
        for number, page in enumerate(context.pages, 1):
            page.screenshot(path=PICTURES / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', item.name)}-{number}.png")


def start_lab(page: Page, account: str) -> None:
    """On the hub's spawn page, start the lab that is chosen already; where the lab runs, the hub leads there by itself."""
    page.wait_for_url(re.compile(rf"/hub/spawn$|/user/{account}/lab"), timeout=LONG_MS)
    if page.url.endswith("/hub/spawn"):
        page.get_by_role("button", name="Start").click()
    page.wait_for_url(f"**/user/{account}/lab**", timeout=LONG_MS)


def sign_in(context: BrowserContext, demo: Demo, account: str) -> Lab:
    """Log in through the hub's page, as a person does, and wait for the lab."""
    page = context.new_page()
    page.goto(demo.url)
    page.get_by_label("Username").fill(account)
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    start_lab(page, account)
    lab = Lab(page, f"{demo.url}/user/{account}", Watch())
    lab.wait()
    return lab


@pytest.fixture(scope="package")
def states(chromium: Browser, demo: Demo) -> Callable[[str], Any]:
    """Cookies of an account that has logged in, and whose lab runs."""
    kept: dict[str, Any] = {}

    def state_of(account: str) -> Any:
        if account not in kept:
            context = chromium.new_context()
            sign_in(context, demo, account)
            kept[account] = context.storage_state()
            context.close()
        return kept[account]

    return state_of


@pytest.fixture
def open_lab(new_context: Callable[..., BrowserContext], states: Callable[[str], Any], demo: Demo, watch: Watch) -> OpenLab:
    """Opens the lab of an account, logged in, its layout as at first."""

    def open_(account: str = "vera", *, size: tuple[int, int] = (1400, 900), path: str = "lab") -> Lab:
        context = new_context(size=size, state=states(account))
        lab = Lab(context.new_page(), f"{demo.url}/user/{account}", watch)
        lab.open(path=path)
        return lab

    return open_


@pytest.fixture(scope="session", autouse=True)
def patient() -> None:
    """Expectations wait as long as a loaded machine may need."""
    expect.set_options(timeout=15_000)
