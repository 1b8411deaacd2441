"""Write moc.fits, the coverage map that the tests of the colour image read: ``python make_moc.py``."""

from pathlib import Path

from skydesk.backends.moc_files import MocpyFiles
from skydesk.footprint.moc import Moc
from skydesk.footprint.model import MocFormat

if __name__ == "__main__":
    moc = Moc.of_cells(9, [7, 8], of_order=3) | Moc.of_cells(9, [4 * 4**6])
    Path(__file__).with_name("moc.fits").write_bytes(MocpyFiles().write(moc, MocFormat.FITS))
