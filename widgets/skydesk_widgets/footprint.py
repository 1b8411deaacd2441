"""The Footprint panel in a notebook."""

from pathlib import Path

import traitlets as t

from .panel import Panel

__all__ = ["FootprintPanel"]

_STATIC = Path(__file__).parent / "static"


class FootprintPanel(Panel):
    """The survey on a globe: search, choose tiles, see what is known of them.

    Its `selected_tile` and `region` may be set as well as observed::

        panel = FootprintPanel(selected_tile="DES0219-0541")
        panel.observe(lambda change: print(change["new"]), names="selected_tile")
    """

    _esm = _STATIC / "footprint.js"
    _css = _STATIC / "footprint.css"

    selected_tile = t.Unicode(help="Name of the tile that was selected last; empty for none. Set it to look at another.").tag(sync=True)
    region = t.Dict(
        help=(
            "What was drawn on the sky, and whose tiles are selected; empty for nothing: "
            '{"circle": {"ra_deg", "dec_deg", "radius_arcmin"}}, '
            '{"box": {"west_ra_deg", "east_ra_deg", "south_dec_deg", "north_dec_deg"}} or {"polygon": [[ra, dec], ...]}, degrees, ICRS.'
        )
    ).tag(sync=True)
    positions_text = t.Unicode(help="Positions that are drawn: two numbers a line, degrees, or a table with columns RA and DEC.").tag(
        sync=True
    )
