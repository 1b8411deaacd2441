"""A survey of a few made-up stars, quick to write, for tests of what stands on a survey."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from skydesk.survey import load_survey
from tests.survey_text import CATALOGUE_AND_TILES

__all__ = ["STARS", "write_survey"]

STARS = 5000

_FILE = (
    """\
name = "small"
title = "Small survey"
bands = ["g", "r", "i"]
pixel_scale_arcsec = 0.263
zero_point_mag = 30.0

[[releases]]
name = "R1"
title = "First release"
default = true

"""
    + CATALOGUE_AND_TILES
    + """\

[images]
path = "tiles/{tile}_{band}.fits"

[[examples]]
title = "Bright stars"
description = "The brightest first."
sql = "SELECT ID, RA, DEC, MAG_AUTO_R FROM STARS ORDER BY MAG_AUTO_R"

[[tables]]
name = "STARS"
description = "Made-up stars"
releases = ["R1"]
columns = ["ID", "RA", "DEC", "MAG_AUTO_{band}", "REMARK"]

[columns.ID]
type = "int64"
ucd = "meta.id;meta.main"
description = "Number of the star"

[columns.RA]
type = "float64"
unit = "deg"
ucd = "pos.eq.ra;meta.main"
description = "Right ascension, ICRS"

[columns.DEC]
type = "float64"
unit = "deg"
ucd = "pos.eq.dec;meta.main"
description = "Declination, ICRS"

[columns."MAG_AUTO_{band}"]
type = "float32"
unit = "mag"
ucd = "phot.mag"
description = "Magnitude in {band}, 99 where it was not measured"

[columns.REMARK]
type = "string"
description = "What somebody noted <b>about</b> the star"
"""
)


def write_survey(folder: Path) -> Path:
    """Write the survey file and its catalogue; give the path of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "survey.toml"
    path.write_text(_FILE)
    load_survey(path)
    rng = np.random.default_rng(2)
    red = rng.uniform(20, 26, STARS).astype(np.float32)
    columns = {
        "ID": np.arange(1, STARS + 1, dtype=np.int64),
        "RA": rng.uniform(323.2, 323.4, STARS),
        "DEC": rng.uniform(-0.9, -0.8, STARS),
        "MAG_AUTO_G": np.where(rng.random(STARS) < 0.01, np.float32(99), red + np.float32(0.9)).astype(np.float32),
        "MAG_AUTO_R": red,
        "MAG_AUTO_I": (red - rng.normal(0.4, 0.1, STARS)).astype(np.float32),
        "REMARK": pa.array([None if i % 2 else "<script>alert(1)</script>" for i in range(STARS)]),
    }
    with duckdb.connect(str(folder / "catalog.duckdb")) as connection:
        connection.register("incoming", pa.table(columns))
        connection.execute('CREATE TABLE "STARS" AS SELECT * FROM incoming')
    return path
