"""The globe with the tiles of the whole survey, in Chromium without a graphics card: frames while it is dragged, first picture, bytes."""

import base64
import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from skydesk.backends.healpix_sky import AstropyHealpixSky
from skydesk.backends.moc_files import MocpyFiles
from skydesk.footprint.membership import TileSet
from skydesk.footprint.moc import moc_of_tiles
from skydesk.footprint.model import MocFormat
from skydesk.footprint.regions import Polygon
from skydesk.grid import TileGrid
from skydesk.survey import load_survey, shipped_survey

__all__ = ["figures", "globe_page", "layer_of_des"]

_ROOT = Path(__file__).resolve().parents[1]
_STATIC = _ROOT / "widgets/skydesk_widgets/static"
_SIDE_PX = 900
_MOVES = 90

_MODEL = """
async (code, answers) => {
  const canvas = new OffscreenCanvas(512, 512);
  const context = canvas.getContext("2d");
  for (let n = 0; n < 4000; n += 1) {
    context.fillStyle = `hsl(${(n * 37) % 360} 60% ${20 + ((n * 7) % 60)}%)`;
    context.fillRect((n * 131) % 512, (n * 197) % 512, 24, 24);
  }
  const cell = await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer();
  const heard = new Set();
  const traits = { host: [], expanded: true };
  const model = {
    get: (name) => traits[name], set: (name, value) => { traits[name] = value; }, save_changes: () => undefined,
    on: (event, callback) => { if (event === "msg:custom") heard.add(callback); }, off: () => undefined,
    send: (content) => {
      if (content.kind !== "request") return;
      if (content.path.startsWith("footprint/hips/DR2/files/")) {
        const map = content.path.includes("Moc.fits");
        window.cells = (window.cells ?? 0) + (map ? 0 : 1);
        const body = map ? Uint8Array.from(atob(answers.moc), (letter) => letter.charCodeAt(0)) : cell;
        queueMicrotask(() => heard.forEach((callback) => callback({ kind: "reply", id: content.id, status: 200 }, [body])));
        return;
      }
      const json = answers[content.path];
      const unknown = { status: 404, json: { error: { code: "not_found", message: content.path } } };
      const reply = json === undefined ? unknown : { status: 200, json };
      queueMicrotask(() => heard.forEach((callback) => callback({ kind: "reply", id: content.id, ...reply })));
    },
  };
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return import(address).then((module) => {
    window.begun = performance.now();
    module.default.render({ model, el: document.getElementById("panel") });
    window.model = model;
  });
}
"""

_SETTLED = """
async () => {
  for (let seen = -1, n = 0; n < 100 && seen !== (window.cells ?? 0); n += 1) {
    seen = window.cells ?? 0;
    await new Promise((done) => setTimeout(done, 250));
  }
  return window.cells ?? 0;
}
"""

_NEAR = """
() => {
  const canvas = document.querySelector("canvas");
  const box = canvas.getBoundingClientRect();
  canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: -4000, bubbles: true, cancelable: true,
    clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }));
}
"""

_DRAG = """
async (moves) => {
  const canvas = document.querySelector("canvas");
  const box = canvas.getBoundingClientRect();
  const send = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, button: 0, bubbles: true, clientX: box.left + x, clientY: box.top + y }));
  canvas.setPointerCapture = () => undefined;
  const ask = window.requestAnimationFrame.bind(window);
  const frame = () => new Promise(ask);
  const between = [];
  const drawing = [];
  window.requestAnimationFrame = (draw) => ask((time) => {
    const begun = performance.now();
    draw(time);
    drawing.push(performance.now() - begun);
  });
  send("pointerdown", 300, 400);
  let last = await frame();
  for (let n = 1; n <= moves; n += 1) {
    send("pointermove", 300 + 3 * n, 400 + Math.round(40 * Math.sin(n / 9)));
    const now = await frame();
    between.push(now - last);
    last = now;
  }
  const held = performance.now();
  send("pointerup", 300 + 3 * moves, 400);
  await frame();
  await frame();
  window.requestAnimationFrame = ask;
  return { between, drawing, settled: performance.now() - held };
}
"""


def layer_of_des() -> dict[str, Any]:
    """Give the layer of DR2 by the survey's outline, as the service does."""
    survey = load_survey(shipped_survey("des"))
    outline = survey.footprint.outline
    tiles = TileSet.of_regions(survey.grid, [Polygon(vertices=polygon) for polygon in outline])
    grid = {name: getattr(survey.grid, name) for name in survey.grid.__dataclass_fields__}
    lines = [[[round(ra, 5), round(dec, 5)] for ra, dec in polygon] for polygon in outline]
    facts = {"release": "DR2", "tiles": len(tiles), "area_deg2": tiles.area_deg2, "approximate": True}
    return {**facts, "runs": tiles.runs(), "objects": None, "outline": lines, "grid": grid}


def globe_page(browser: Browser, layer: dict[str, Any], *, side: int = _SIDE_PX, image: bool = False) -> Page:
    """Open the panel wide in an empty page, with a service that knows one release, and where said its colour image."""
    page = browser.new_page(viewport={"width": side + 340, "height": side + 110})
    style = (_STATIC / "footprint.css").read_text()
    page.set_content(f"<!doctype html><style>html,body,#panel{{height:100%;margin:0}}{style}</style><div id=panel></div>")
    facts = {name: layer[name] for name in ("release", "tiles", "area_deg2", "approximate")} | {"default": True}
    answers: dict[str, Any] = {
        "footprint/releases": {"releases": [facts], "file_kinds": [], "bands": []},
        "footprint/layers/DR2": layer,
        "footprint/densities/DR2": {"kinds": []},
    }
    hips = {"available": image, "order": 11, "first_order": 3, "job_id": None, "job_phase": None, "version": "1"}
    answers["footprint/hips/DR2"] = hips
    tiles = TileSet.of_runs(TileGrid(**layer["grid"]), layer["runs"], approximate=True)
    moc = MocpyFiles().write(moc_of_tiles(tiles, 9, AstropyHealpixSky()), MocFormat.FITS) if image else b""
    answers["moc"] = base64.b64encode(moc).decode()
    code = (_STATIC / "footprint.js").read_text()
    page.evaluate(f"([code, answers]) => ({_MODEL})(code, answers)", [code, answers])
    return page


def figures() -> list[dict[str, Any]]:
    """Measure frames while dragging, the first picture, and the bytes of a release."""
    layer = layer_of_des()
    wire = len(gzip.compress(json.dumps(layer, separators=(",", ":")).encode()))
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = globe_page(browser, layer)
        page.wait_for_function("document.querySelector('canvas')?.getContext('2d').getImageData(450, 450, 1, 1).data[3] === 255")
        first = page.evaluate("performance.now() - window.begun")
        page.evaluate(_DRAG, 20)
        measured = page.evaluate(_DRAG, _MOVES)
        canvas = page.evaluate("[document.querySelector('canvas').width, document.querySelector('canvas').height]")
        keep = os.environ.get("SKYDESK_GLOBE_PICTURE")
        if keep:
            data = page.evaluate("document.querySelector('canvas').toDataURL()")
            Path(keep).write_bytes(base64.b64decode(data.partition(",")[2]))
        page.close()
        imaged = _with_image(browser, layer)
        browser.close()
    frames, drawing = sorted(measured["between"]), sorted(measured["drawing"])
    name = f"globe, {layer['tiles']:,} tiles, {canvas[0]} x {canvas[1]} px"
    return [
        {"name": f"{name}: median frame while dragging", "value": frames[len(frames) // 2], "unit": "ms", "target": 16.8},
        {"name": f"{name}: median drawing of one", "value": drawing[len(drawing) // 2], "unit": "ms", "target": 16},
        {"name": f"{name}: slowest tenth of frames from", "value": frames[len(frames) * 9 // 10], "unit": "ms"},
        {"name": f"{name}: all tiles sharp after letting go", "value": measured["settled"], "unit": "ms", "target": 200},
        {"name": f"{name}: first picture", "value": first, "unit": "ms", "target": 500},
        *imaged,
        {"name": "globe, one release over the wire", "value": wire / 1000, "unit": "kB", "target": 300},
    ]


def _with_image(browser: Browser, layer: dict[str, Any]) -> list[dict[str, Any]]:
    """Frames while the colour image is under the lines: of the whole sky, and where it fills the picture."""
    page = globe_page(browser, layer, image=True)
    page.wait_for_selector("canvas")
    found = []
    for where, go in (("of the whole sky", None), ("nearer, all of it covered", _NEAR)):
        if go:
            page.evaluate(go)
        cells = page.evaluate(_SETTLED)
        drawing = sorted(page.evaluate(_DRAG, 60)["drawing"])
        name = f"globe with the colour image {where}, {cells} cells fetched: median drawing of a frame while dragging"
        found.append({"name": name, "value": drawing[len(drawing) // 2], "unit": "ms", "target": 16})
    page.close()
    return found
