"""Jobs of a lab's owner as real Jobs, whose files are in the lab."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from skydesk.grid import Tile, TileGrid
from tests.cluster.hub import HOME, ClusterHub, until
from tests.fakes.tiles import sky_header
from tests.server.small_survey import STARS


def test_the_file_of_a_query_job_is_in_the_running_lab(labs: ClusterHub) -> None:
    labs.start("small", "dora")
    wanted = {"sql": "SELECT ID FROM STARS", "file_name": "ids.csv"}
    job = _ended(labs, labs.lab("dora", "query/job", method="POST", body=wanted).json())

    def succeeded() -> list[int | None]:
        return [made["status"].get("succeeded") for made in labs.kube.get("jobs", "app.kubernetes.io/instance=labs")]

    until(lambda: succeeded() == [1], what="the success of the one Job")
    rows = labs.inside("dora", "cat", f"{HOME}/jobs/{job['id']}/ids.csv").splitlines()
    assert (rows[0], len(rows)) == ("ID", STARS + 1)
    labs.stop("dora")


def test_the_images_of_a_cutout_job_are_in_the_running_lab(labs: ClusterHub) -> None:
    tile = TileGrid().tile_at(30.0, -5.0)
    _write_image(labs.hub.folder / "survey/tiles" / f"{tile.name}_r.fits", tile)
    labs.start("small", "dora")
    draft = labs.lab("dora", "cutout/positions", method="POST", body={"text": f"RA,DEC\n{tile.ra_deg},{tile.dec_deg}\n"}).json()
    options = {"products": ["fits"], "fits_bands": ["r"], "planes": ["SCI"], "x_size_arcmin": 0.2, "y_size_arcmin": 0.2}
    wanted = {"positions": draft["id"], "release": "R1", "options": options}
    job = _ended(labs, labs.lab("dora", "cutout/jobs", method="POST", body=wanted).json())
    images = labs.inside("dora", "sh", "-c", f"cd {HOME}/jobs/{job['id']} && ls */*/*.fits").split()
    assert [image.partition("/")[0] for image in images] == [tile.name]
    assert labs.inside("dora", "head", "-c", "6", f"{HOME}/jobs/{job['id']}/{images[0]}") == "SIMPLE"
    labs.stop("dora")


def _ended(labs: ClusterHub, job: dict[str, Any]) -> dict[str, Any]:
    """Wait until dora's job has completed."""
    assert "id" in job, job

    def now() -> dict[str, Any] | None:
        found: dict[str, Any] = labs.lab("dora", f"jobs/{job['id']}").json()
        return found if found["phase"] not in {"PENDING", "QUEUED", "EXECUTING"} else None

    ended = until(now, seconds=180, what="the end of the job")
    assert ended["phase"] == "COMPLETED", ended
    return job


def _write_image(path: Path, tile: Tile) -> None:
    """Write the middle of a tile's image, with the WCS that belongs to it."""
    header, side = sky_header(tile), 200
    header["CRPIX1"] = header["CRPIX2"] = (side + 1) / 2
    path.parent.mkdir(mode=0o755, exist_ok=True)
    pixels = np.arange(side * side, dtype=np.float32).reshape(side, side)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, header, name="SCI")]).writeto(path)
