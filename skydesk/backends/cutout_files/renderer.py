"""Makes the bytes of every file of a cutout."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...cutout.model import LuptonOptions
from ...cutout.ports import BandCut, ChartRequest
from .fits import fits_file
from .pictures import grey_picture, lupton_picture, stiff_picture

__all__ = ["FileRenderer"]


class FileRenderer:
    """Makes FITS files, pictures and finding charts: a `skydesk.cutout.ports.CutoutRenderer`."""

    def fits(self, cut: BandCut, planes: Sequence[str]) -> bytes:
        """Make a FITS file."""
        return fits_file(cut, planes)

    def lupton(self, red: NDArray[np.float32], green: NDArray[np.float32], blue: NDArray[np.float32], options: LuptonOptions) -> bytes:
        """Make a colour PNG after Lupton et al. 2004."""
        return lupton_picture(red, green, blue, options)

    def stiff(self, red: NDArray[np.float32], green: NDArray[np.float32], blue: NDArray[np.float32]) -> bytes:
        """Make a colour PNG with STIFF's levels."""
        return stiff_picture(red, green, blue)

    def grey(self, sci: NDArray[np.float32]) -> bytes:
        """Make a grey PNG."""
        return grey_picture(sci)

    def chart(self, cut: BandCut, request: ChartRequest) -> bytes:
        """Make a finding chart."""
        from .chart import finding_chart

        return finding_chart(cut, request)
