"""Statements that several tests run."""

__all__ = ["DECK", "ENDLESS", "LONG", "MINUTE"]

DECK = """SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G G, MAG_AUTO_R R, WAVG_MAG_PSF_G G_PSF, WAVG_MAG_PSF_R R_PSF FROM DR1_MAIN
WHERE RA between 323.36-0.12 and 323.36+0.12 and DEC between -0.82-0.12 and -0.82+0.12
and WAVG_SPREAD_MODEL_I + 3.0*WAVG_SPREADERR_MODEL_I < 0.005 and WAVG_SPREAD_MODEL_I > -1
and IMAFLAGS_ISO_G = 0 and IMAFLAGS_ISO_R = 0 and FLAGS_G < 4 and FLAGS_R < 4"""
"""The query of DESaccess's slides: the stars of M2."""

ENDLESS = "SELECT COUNT(*) N FROM DR2_MAIN A, DR2_MAIN B, DR2_MAIN C, DR2_MAIN D WHERE A.RA + B.DEC > C.RA + D.DEC"
"""Goes on for years without a row."""

LONG = "SELECT A.RA, B.DEC, A.MAG_AUTO_G + B.MAG_AUTO_G SUM_G FROM DR2_MAIN A, DR2_MAIN B"
"""Tens of millions of rows: long enough to be seen on its way."""

MINUTE = (
    "SELECT COUNT(*) N FROM DR2_MAIN A, DR2_MAIN B, DR2_TILE_INFO C, DR2_TILE_INFO D, DR2_TILE_INFO E "
    "WHERE A.RA + B.DEC > C.RA_CENT + D.DEC_CENT + E.DEC_CENT"
)
"""Ends after ten seconds or so, on a loaded machine after a minute."""
