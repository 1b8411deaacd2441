"""The gallery of 10,000 images in headless Chromium with software drawing: how soon it stands, and how smoothly it scrolls.

The images are small PNGs in the folder of a cutout job, served by the real handlers. The peer is a plain page with all of them in it, left
to the browser's own lazy loading.
"""

import shutil
import statistics
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, Route, sync_playwright

import skydesk_widgets
from skydesk.backends.job_folders import LocalJobFolders
from skydesk.cutout.model import CutoutOptions, CutoutRequest, Outcome, Product, RowOutcome
from skydesk.cutout.outcomes import OUTCOMES_FILE, line_of
from skydesk.cutout.position_text import table_of_text
from skydesk.jobs.model import JobOutcome, Phase
from skydesk.web.cutout_job import submit_cutouts

from .measure import figure
from .served import Served, serve

__all__ = ["figures"]

IMAGES = 10_000
SIDE_PX = 96
FIRST_PAINT_MS = 1000
FRAMES_PER_SECOND = 30
SCROLL_PX_PER_SECOND = 1500
SCROLL_SECONDS = 5
VISITS = 3
_MINUTE_MS = 60_000
_TILE = "DES2134-0041"

_MODEL = """
<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/bench/gallery.css">
<body style="margin:0"><div id="el" style="width:1400px;height:900px"></div><script type="module">
import gallery from "/bench/gallery.js";
const heard = new Set(), calls = new Map(), traits = { host: [], job_id: "JOB" };
async function request({ id, path }) {
  const call = new AbortController();
  calls.set(id, call);
  try {
    const response = await fetch("/skydesk/api/" + path, { signal: call.signal });
    const isJson = response.headers.get("Content-Type").startsWith("application/json");
    const message = { kind: "reply", id, status: response.status, ...(isJson ? { json: await response.json() } : {}) };
    const buffers = isJson ? [] : [await response.arrayBuffer()];
    heard.forEach(callback => callback(message, buffers));
  } catch (error) {
    if (!call.signal.aborted) throw error;
  }
  calls.delete(id);
}
const model = {
  get: name => traits[name], set: (name, value) => { traits[name] = value; }, save_changes() {},
  on: (event, callback) => event === "msg:custom" && heard.add(callback), off: (event, callback) => heard.delete(callback),
  send: content => content.kind === "request" ? void request(content) : content.kind === "cancel" && calls.get(content.id)?.abort(),
};
gallery.render({ model, el: document.getElementById("el") });
</script>"""

_PLAIN = """
<!doctype html><meta charset="utf-8"><style>
.sky-gal__grid { width: 1400px; height: 900px; overflow: auto; display: grid; grid-template-columns: repeat(7, 1fr); gap: 8px }
img { width: 100%; aspect-ratio: 1; object-fit: contain }</style><body style="margin:0"><div class="sky-gal__grid">IMAGES</div>"""

_FIRST_SCREEN = """() => {
  const grid = document.querySelector(".sky-gal__grid");
  const inSight = [...(grid?.querySelectorAll("img") ?? [])].filter(image => image.getBoundingClientRect().top < 900);
  return inSight.length >= 20 && inSight.every(image => image.complete && image.naturalWidth > 0) && performance.now();
}"""

_SCROLL = """async ([speed, seconds]) => {
  const grid = document.querySelector(".sky-gal__grid");
  const times = [];
  const begin = performance.now();
  await new Promise(resolve => {
    const step = now => {
      times.push(now);
      grid.scrollTop = (now - begin) / 1000 * speed;
      if (now - begin < seconds * 1000) requestAnimationFrame(step);
      else resolve();
    };
    requestAnimationFrame(step);
  });
  return times;
}"""


def figures() -> list[dict[str, Any]]:
    """From the page's beginning to its first screen of images; frames a second while it scrolls."""
    with tempfile.TemporaryDirectory(prefix="skydesk-bench-") as folder, serve(Path(folder)) as served:
        job_id = _make_job(served)
        plain = "".join(f'<img loading="lazy" src="/skydesk/api/cutout/jobs/{job_id}/picture/{row}?size=256">' for row in range(IMAGES))
        with _browser(served, {"gallery": _MODEL.replace("JOB", job_id), "plain": _PLAIN.replace("IMAGES", plain)}) as page:
            address = f"http://127.0.0.1:{served.port}/bench"
            ours = _look(page, f"{address}/gallery.html")
            theirs = _look(page, f"{address}/plain.html")
    name, peer = f"gallery of {IMAGES:,} images", "all of them in one page"
    first, frames = f"{name}, first screen of them", f"{name}, frames a second while it scrolls, median"
    return [
        figure(first, ours[0], target=FIRST_PAINT_MS, peer=peer, peer_value=theirs[0]),
        figure(
            frames,
            ours[1],
            "/s",
            target=f">= {FRAMES_PER_SECOND} /s",
            ok=bool(ours[1] >= FRAMES_PER_SECOND),
            peer=peer,
            peer_value=theirs[1],
        ),
    ]


def _look(page: Page, address: str) -> tuple[float, float]:
    """Milliseconds to the first screen of images, the median of some visits, and the median of frames a second."""
    first_ms = []
    for _ in range(VISITS):
        page.goto(address)
        first_ms.append(float(page.wait_for_function(_FIRST_SCREEN, timeout=_MINUTE_MS, polling="raf").json_value()))
    times = page.evaluate(_SCROLL, [SCROLL_PX_PER_SECOND, SCROLL_SECONDS])
    return statistics.median(first_ms), float(1000 / statistics.median(np.diff(times)))


@contextmanager
def _browser(served: Served, pages: dict[str, str]) -> Iterator[Page]:
    """A page of a fresh Chromium to which the server seems to have the bench's pages too."""
    static = Path(skydesk_widgets.__file__).parent / "static"
    media_types = {".js": "text/javascript", ".css": "text/css"}

    def give(route: Route) -> None:
        name = Path(route.request.url.partition("?")[0]).name
        if name.endswith(".html"):
            route.fulfill(body=pages[name.removesuffix(".html")], content_type="text/html")
        else:
            route.fulfill(body=(static / name).read_bytes(), content_type=media_types[Path(name).suffix])

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.route(f"http://127.0.0.1:{served.port}/bench/*", give)
        yield page
        browser.close()


def _make_job(served: Served) -> str:
    """Put a finished cutout job with its images among the user's jobs, and give its id."""
    services = served.services
    positions = "RA,DEC\n" + "".join(f"{323.2 + row / 1e5:.6f},{-0.9 + row / 1e5:.6f}\n" for row in range(IMAGES))
    draft = services.cutouts.read(served.user, table_of_text(positions))
    options = CutoutOptions(products=frozenset({Product.LUPTON}))
    submitted = submit_cutouts(services, served.user, draft, CutoutRequest(release="DR2", options=options))
    job = services.store.claim("bench")
    if job is None or job.id != submitted.id:
        raise RuntimeError("the job could not be claimed")
    folders = LocalJobFolders(services.jobs_folder)
    partial = folders.begin(job, job.attempt)
    size_bytes = _write_images(partial)
    outcome = JobOutcome(files=(OUTCOMES_FILE,), rows=IMAGES, listing=OUTCOMES_FILE, listed_files=IMAGES, listed_bytes=size_bytes)
    folders.publish(job, partial, outcome, {})
    services.store.change(job.id, phase=Phase.COMPLETED, rows=IMAGES, files_count=IMAGES + 1, size_bytes=size_bytes)
    return job.id


def _write_images(folder: Path) -> int:
    generator = np.random.default_rng(1)
    pictures = [_png(generator) for _ in range(50)]
    size_bytes = 0
    with (folder / OUTCOMES_FILE).open("wb") as lines:
        for row in range(IMAGES):
            name, picture = f"DESJ2132{row:05d}", pictures[row % len(pictures)]
            place = folder / _TILE / name
            place.mkdir(parents=True)
            file = f"{name}_irg_lupton.png"
            (place / file).write_bytes(picture)
            size_bytes += len(picture)
            outcome = RowOutcome(
                row=row, outcome=Outcome.DONE, tile=_TILE, name=name, folder=f"{_TILE}/{name}", files=(file,), size_bytes=len(picture)
            )
            lines.write(line_of(outcome))
    return size_bytes


def _png(generator: np.random.Generator) -> bytes:
    """A picture of a noisy sky with a star in it."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    centre = generator.uniform(20, SIDE_PX - 20, 2)
    star = 230 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / generator.uniform(8, 200))
    pixels = np.clip(star[..., None] + generator.normal(12, 5, (SIDE_PX, SIDE_PX, 3)), 0, 255).astype(np.uint8)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    header = SIDE_PX.to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*part) for part in ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b""))
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
