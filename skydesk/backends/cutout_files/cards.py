"""Cards of FITS headers, 80 bytes each (FITS 4.0, section 4)."""

from collections.abc import Iterable

from ...errors import InvalidImage

__all__ = ["BLOCK", "END", "boolean_card", "float_card", "integer_card", "keyword", "padding", "text_cards"]

BLOCK = 2880
"""Bytes of which headers and data are whole multiples."""

END = b"END".ljust(80)
_LONGEST_TEXT = 67
"""Characters of a string that fit between the quotes of one card, with a last & where it is continued."""


def keyword(card: bytes) -> str:
    """Give a card's keyword; of a HIERARCH card the whole name without that word."""
    text = card[:80].decode("ascii", "replace")
    if text.startswith("HIERARCH ") and "=" in text:
        return text[9:].partition("=")[0].strip()
    return text[:8].rstrip()


def integer_card(key: str, value: int, comment: str = "") -> bytes:
    """Make a card of a whole number."""
    return _card(key, f"{value:>20}", comment)


def boolean_card(key: str, value: bool, comment: str = "") -> bytes:
    """Make a card of a logical value."""
    return _card(key, f"{'T' if value else 'F':>20}", comment)


def float_card(key: str, value: float, comment: str = "") -> bytes:
    """Make a card of a number with as many digits as tell it from every other."""
    return _card(key, f"{repr(float(value)).upper():>20}", comment)


def text_cards(key: str, value: str, comment: str = "") -> bytes:
    """Make the card of a string; a long one goes on in CONTINUE cards, characters that are not printable ASCII become ``?``."""
    text = "".join(letter if " " <= letter <= "~" else "?" for letter in value).replace("'", "''")
    if len(text) <= _LONGEST_TEXT + 1:
        return _card(key, f"'{text:<8}'", comment)
    cards, start = [], f"{key:<8}= "
    while text:
        size = _LONGEST_TEXT if len(text) > _LONGEST_TEXT else len(text)
        if size < len(text) and (len(text[:size]) - len(text[:size].rstrip("'"))) % 2:
            size -= 1
        part, text = text[:size], text[size:]
        cards.append(f"{start}'{part}{'&' if text else ''}'".ljust(80))
        start = "CONTINUE  "
    return "".join(cards).encode("ascii")


def padding(size: int) -> int:
    """Count the bytes from a size to the next whole block."""
    return -size % BLOCK


def whole(cards: Iterable[bytes]) -> tuple[bytes, ...]:
    """Check that each card has 80 bytes.

    Raises
    ------
    InvalidImage
        One has not.
    """
    checked = tuple(cards)
    for card in checked:
        if len(card) != 80:
            raise InvalidImage(f"a header card has {len(card)} bytes, not 80: {card[:20]!r}")
    return checked


def _card(key: str, value: str, comment: str) -> bytes:
    start = f"{key:<8}= " if len(key) <= 8 else f"HIERARCH {key} = "
    text = f"{start}{value}"
    return (f"{text} / {comment}" if comment else text)[:80].ljust(80).encode("ascii")
