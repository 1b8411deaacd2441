"""The header of the image that a compressed table stands for (FITS standard 4.0, sections 10.1.1 and 10.1.2)."""

import re

from .header import Header

__all__ = ["image_cards"]

_RENAMED = {"ZBLOCKED": "BLOCKED", "ZEXTEND": "EXTEND", "ZHECKSUM": "CHECKSUM", "ZDATASUM": "DATASUM"}
_STRUCTURE = re.compile(r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT")
_TABLE = re.compile(
    r"TFIELDS|THEAP|T(TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|BCOL|DIM|CTYP|CUNI|CRPX|CRVL|CDLT|RPOS)[1-9]\d*|CHECKSUM|DATASUM"
    r"|Z(IMAGE|SIMPLE|TENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|CMPTYPE|MASKCMP|QUANTIZ|DITHER0|BLANK|SCALE|ZERO)|Z(TILE|NAME|VAL)[1-9]\d*"
)


def image_cards(header: Header) -> tuple[bytes, ...]:
    """Translate the cards of a table that stands for an image into those of the image, structural ones first.

    Everything else stays as it is, byte for byte and in its order; cards of the table and of the compression go, and the checksums
    become those of the image, where the table keeps them.
    """
    by_keyword = {_keyword(card): card for card in reversed(header.cards)}
    structure = [_first_card(by_keyword), _renamed(by_keyword["ZBITPIX"], "BITPIX"), _renamed(by_keyword["ZNAXIS"], "NAXIS")]
    structure += [_renamed(by_keyword[f"ZNAXIS{axis}"], f"NAXIS{axis}") for axis in range(1, header.integer("ZNAXIS") + 1)]
    if not structure[0].startswith(b"SIMPLE"):
        for name, value in (("PCOUNT", 0), ("GCOUNT", 1)):
            card = by_keyword.get(f"Z{name}")
            structure.append(_renamed(card, name) if card else f"{name:8}= {value:20}".ljust(80).encode())
    rest = [_rest(card) for card in header.cards if not _is_dropped(card)]
    return (*structure, *rest)


def _first_card(by_keyword: dict[str, bytes]) -> bytes:
    simple = by_keyword.get("ZSIMPLE")
    if simple is not None:
        return _renamed(simple, "SIMPLE")
    tension = by_keyword.get("ZTENSION")
    return _renamed(tension, "XTENSION") if tension else b"XTENSION= 'IMAGE   '".ljust(80)


def _rest(card: bytes) -> bytes:
    name = _RENAMED.get(_keyword(card))
    return _renamed(card, name) if name else card


def _is_dropped(card: bytes) -> bool:
    keyword = _keyword(card)
    if keyword == "EXTNAME":
        return card[10:].lstrip().startswith(b"'COMPRESSED_IMAGE'")
    return bool(_STRUCTURE.fullmatch(keyword) or _TABLE.fullmatch(keyword))


def _keyword(card: bytes) -> str:
    return card[:8].decode("latin-1").rstrip()


def _renamed(card: bytes, keyword: str) -> bytes:
    return keyword.ljust(8).encode() + card[8:]
