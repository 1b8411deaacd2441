"""Notebooks that get a result again, show it and draw it: nbformat 4.5, ready to run in a lab."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from ..jobs.model import Job, JobFile
from ..query.model import Column, ColumnType
from .times import time_to_json

__all__ = ["cutout_notebook", "job_notebook", "magnitude_pair", "query_notebook"]

_BANDS = "ugrizyYJHK"
_READERS = (
    ((".fits", ".fit", ".fits.gz", ".fit.gz", ".vot", ".vot.gz", ".ecsv", ".ecsv.gz"), "astropy"),
    ((".parquet",), "parquet"),
)


def query_notebook(sql: str, columns: Sequence[Column], *, survey: str, made_at: datetime) -> dict[str, Any]:
    """A notebook that runs a statement and draws its rows.

    Parameters
    ----------
    columns
        What the statement returns.
    survey
        Title of the survey.

    Returns
    -------
    dict
        ``file_name`` and ``content``.
    """
    about = f"# Query of {_plain(survey)}\n\n{_fenced(sql)}\n\nWritten by SkyDesk on {time_to_json(made_at)}."
    get = f"import skydesk\n\nsky = skydesk.connect()\nresult = sky.query({_literal(sql)})\ntable = result.to_pandas()\ntable"
    provenance = {"survey": survey, "sql": sql, "made_at": time_to_json(made_at)}
    return _notebook("query", [_markdown(about), _code(get), *_drawing(columns)], provenance)


def job_notebook(
    job: Job,
    files: Sequence[JobFile],
    columns: Sequence[Column],
    *,
    survey: str,
    release: str | None,
    folder: str | None,
    made_at: datetime,
) -> dict[str, Any]:
    """A notebook that reads what a job has written and draws it.

    Parameters
    ----------
    files
        The job's result files, in order.
    columns
        What its statement returns; empty where that is not known.
    release
        Name of the release that it reads, where it is one.
    folder
        The job's folder below the lab's file browser root, ``jobs/<id>``; None where the lab has not mounted it.
    """
    names = [file.name for file in files]
    sql = str(job.request.get("sql", ""))
    facts = {
        "Job": job.id,
        "Survey": survey,
        "Release": release or "",
        "Made": time_to_json(job.created_at) or "",
        "Ended": time_to_json(job.ended_at) or "",
        "Rows": "" if job.rows is None else f"{job.rows:,}",
        "Files": ", ".join(names),
    }
    lines = "\n".join(f"- {key}: {_plain(value)}" for key, value in facts.items() if value)
    about = f"# {_plain(job.name)}\n\n{lines}\n\n{_fenced(sql)}\n\nWritten by SkyDesk on {time_to_json(made_at)}."
    provenance = {"survey": survey, "release": release, "job_id": job.id, "sql": sql, "files": names, "made_at": time_to_json(made_at)}
    cells = [_markdown(about), _code(_find_files(job.id, names, folder)), _code(_read_files(names))]
    return _notebook(job.name or job.id, [*cells, *_drawing(columns)], provenance)


def cutout_notebook(job: Job, *, survey: str, folder: str | None, made_at: datetime) -> dict[str, Any]:
    """A notebook that opens the images of a cutout job, shows them side by side, and the first one's pixels.

    Parameters
    ----------
    folder
        The job's folder below the lab's file browser root; None where the lab has not mounted it.
    """
    release = str(job.request.get("release", ""))
    facts = {
        "Job": job.id,
        "Survey": survey,
        "Release": release,
        "Made": time_to_json(job.created_at) or "",
        "Positions": "" if job.rows is None else f"{job.rows:,}",
    }
    lines = "\n".join(f"- {key}: {_plain(value)}" for key, value in facts.items() if value)
    about = f"# {_plain(job.name)}\n\n{lines}\n\nWritten by SkyDesk on {time_to_json(made_at)}."
    provenance = {"survey": survey, "release": release, "job_id": job.id, "made_at": time_to_json(made_at)}
    cells = [_markdown(about), _code(_open_cutouts(job.id, folder)), _code(_COUNT_OUTCOMES), _code(_FIRST_CUTOUT)]
    return _notebook(job.name or job.id, cells, provenance)


_COUNT_OUTCOMES = textwrap.dedent("""\
    import pandas as pd

    rows = pd.DataFrame(
        [(each.row + 1, each.name, each.tile, each.outcome, each.message, len(each.file_names)) for each in cutouts],
        columns=["row", "name", "tile", "outcome", "message", "files"],
    )
    rows""")
_FIRST_CUTOUT = textwrap.dedent("""\
    # the pixels of the first image, with its place on the sky
    first = next((each for each in cutouts if each.bands), None)
    if first is not None:
        height, width = first.array.shape
        centre = first.wcs.pixel_to_world((width - 1) / 2, (height - 1) / 2)
        print(first.name, first.bands, first.array.shape, centre.to_string("hmsdms"))
    first""")


def _open_cutouts(job_id: str, folder: str | None) -> str:
    if folder is None:
        return f"import skydesk\n\ncutouts = skydesk.connect().fetch_cutouts({job_id!r})\ncutouts"
    return textwrap.dedent(f"""\
        from pathlib import Path

        from skydesk.client import Cutouts

        # the job's folder, below the file browser's root: here, above here, or at home
        places = (Path.cwd(), *Path.cwd().parents, Path.home())
        folder = next(place / {folder!r} for place in places if (place / {folder!r}).is_dir())
        cutouts = Cutouts.open(folder)
        cutouts""")


def magnitude_pair(columns: Sequence[Column]) -> tuple[str, str] | None:
    """Choose two magnitudes to draw against each other: two bands measured alike, r and i where there are both.

    Parameters
    ----------
    columns
        In the result's order; magnitudes are known by their unit ``mag``, errors and reddenings by their names and UCDs.

    Returns
    -------
    tuple[str, str] or None
        The bluer and the redder one's column; None where there are no two.
    """
    magnitudes = [column for column in columns if _is_magnitude(column)]
    families: dict[str, dict[str, str]] = {}
    for column in magnitudes:
        family, band = _family(column.name)
        if band:
            families.setdefault(family, {}).setdefault(band.lower(), column.name)
    for bands in families.values():
        if {"r", "i"} <= bands.keys():
            return bands["r"], bands["i"]
    for bands in families.values():
        if len(bands) > 1:
            first, second, *_ = bands.values()
            return first, second
    names = [column.name for column in magnitudes]
    return (names[0], names[1]) if len(names) > 1 else None


def _is_magnitude(column: Column) -> bool:
    if column.unit != "mag" or column.type not in {ColumnType.FLOAT32, ColumnType.FLOAT64}:
        return False
    return (
        not re.search(r"ERR|EBV|^E_", column.name.upper())
        and "stat.error" not in (column.ucd or "")
        and "phys.absorption" not in (column.ucd or "")
    )


def _family(name: str) -> tuple[str, str]:
    """What a magnitude is apart from its band, and the band: ``MAG_AUTO_R`` gives ``MAG_AUTO_*`` and ``R``."""
    parts = name.split("_")
    for place in range(len(parts) - 1, -1, -1):
        if len(parts[place]) == 1 and parts[place] in _BANDS + _BANDS.upper():
            return "_".join([*parts[:place], "*", *parts[place + 1 :]]), parts[place]
    return name, ""


def _find_files(job_id: str, names: Sequence[str], folder: str | None) -> str:
    if folder is None:
        return textwrap.dedent(f"""\
            from pathlib import Path

            import skydesk

            job = skydesk.connect().job({job_id!r})
            folder = Path("skydesk-{job_id}")
            folder.mkdir(exist_ok=True)
            files = job.download(folder, {list(names)!r})
            files""")
    return textwrap.dedent(f"""\
        from pathlib import Path

        # the job's folder, below the file browser's root: here, above here, or at home
        places = (Path.cwd(), *Path.cwd().parents, Path.home())
        folder = next(place / {folder!r} for place in places if (place / {folder!r}).is_dir())
        files = [folder / name for name in {list(names)!r}]
        files""")


def _read_files(names: Sequence[str]) -> str:
    ending = next((reader for endings, reader in _READERS if names and all(name.lower().endswith(endings) for name in names)), "skydesk")
    if not names:
        return "# the job has written no files\nfiles"
    if ending == "astropy":
        return textwrap.dedent("""\
            from astropy.table import Table, vstack

            rows = vstack([Table.read(file) for file in files], metadata_conflicts="silent")
            rows.convert_bytestring_to_unicode()
            table = rows.to_pandas()
            table""")
    if ending == "parquet":
        return textwrap.dedent("""\
            import pyarrow as pa
            import pyarrow.parquet as pq

            rows = pa.concat_tables([pq.read_table(file) for file in files])
            table = rows.to_pandas()
            table""")
    return textwrap.dedent("""\
        import pyarrow as pa
        from skydesk.backends.readers import read_result

        rows = pa.concat_tables([read_result(file) for file in files])
        table = rows.to_pandas()
        table""")


def _drawing(columns: Sequence[Column]) -> list[dict[str, Any]]:
    pair = magnitude_pair(columns)
    if pair is None:
        return []
    x, y = pair
    text = textwrap.dedent(f"""\
        import holoviews as hv
        import numpy as np
        import panel as pn

        # inline: what draws comes with the notebook, not from the network
        pn.config.inline = True
        hv.extension("bokeh", inline=True)

        # 99 stands for a magnitude that was not measured
        drawn = table[[{x!r}, {y!r}]].astype("float64").dropna()
        drawn = drawn[(drawn < 90).all(axis=1)]
        # where most objects of a deep survey are; all of them, where these are others
        low, high = 20, 26
        if drawn[(drawn > low) & (drawn < high)].dropna().size < drawn.size / 2:
            low, high = np.floor(drawn.quantile(0.005).min()) - 0.5, np.ceil(drawn.quantile(0.995).max()) + 0.5
        shown = drawn[((drawn >= low) & (drawn <= high)).all(axis=1)]
        tiles = hv.HexTiles(shown, [{x!r}, {y!r}]).opts(
            xlim=(low, high), ylim=(low, high), xlabel={f"{x} [mag]"!r}, ylabel={f"{y} [mag]"!r},
            gridsize=60, aggregator=np.size, cmap="viridis", logz=True, colorbar=True, clabel="objects", tools=["hover"],
            frame_width=480, frame_height=480, title=f"{{len(shown):,}} of {{len(table):,}} rows",
        )
        pn.panel(tiles)""")
    return [_code(text)]


def _notebook(name: str, cells: list[dict[str, Any]], provenance: Mapping[str, Any]) -> dict[str, Any]:
    numbered = [{"id": f"skydesk-{number}", **cell} for number, cell in enumerate(cells, 1)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "skydesk": dict(provenance)}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": numbered}
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "result"
    return {"file_name": f"{plain}.ipynb", "content": content}


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, whatever it holds."""
    line = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]()#+!|~$-])", r"\\\1", escape(line, quote=False))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sql\n{text.strip()}\n{fence}"


def _literal(text: str) -> str:
    """A Python string of the same text, over several lines where that is easy to read."""
    text = text.strip()
    plain = all(character.isprintable() or character == "\n" for character in text)
    easy = plain and "\n" in text and '"""' not in text and "\\" not in text
    return f'"""\n{text}\n"""' if easy else repr(text)
