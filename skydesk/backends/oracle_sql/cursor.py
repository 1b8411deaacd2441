"""Step through the tokens of a statement; the base of both parsers."""

from ...errors import InvalidQuery, QueryRefused
from . import tree
from .lexer import RESERVED, Span, Token, fault, refusal, tokens

__all__ = ["DEPTH_LIMIT", "WORD_LIMIT", "Cursor"]

DEPTH_LIMIT = 50
"""Levels of parentheses and subqueries; more would not fit Python's own stack."""

WORD_LIMIT = 100_000
"""Words, literals and signs of a statement, long lists of literals apart: what is translated in about a second."""


class Cursor:
    """The tokens of one statement and the place reached; what lies far ahead is not read before it is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.index = 0
        self.depth = 0
        self._tokens = list[Token]()
        self._more = tokens(text)

    @property
    def here(self) -> Token:
        """The token to be read next."""
        return self._tokens[self.index] if self.index < len(self._tokens) else self.ahead(0)

    def ahead(self, distance: int = 1) -> Token:
        """A token further on; the end of the statement where there are fewer."""
        wanted = self.index + distance
        while wanted >= len(self._tokens):
            token = next(self._more, None)
            if token is None:
                return self._tokens[-1]
            if len(self._tokens) == WORD_LIMIT:
                hint = "lists of whole numbers or of strings count as one word; ask in several statements"
                raise self.refuse(token, f"the statement has more than {WORD_LIMIT:,} words", hint)
            self._tokens.append(token)
        return self._tokens[wanted]

    def skip_to(self, offset: int) -> None:
        """Go on at this place of the text, which is ahead; what lies between was read by other means."""
        del self._tokens[self.index :]
        self._more = tokens(self.text, offset)

    def advance(self) -> Token:
        """Take one token."""
        token = self.here
        if token.kind != "end":
            self.index += 1
        return token

    @property
    def last_end(self) -> int:
        """Where the token taken last ends."""
        return self._tokens[self.index - 1].end if self.index else 0

    def span_from(self, start: int) -> tuple[int, int]:
        """Start and end of what was read since ``start``."""
        return start, self.last_end

    def at_word(self, *words: str) -> bool:
        """Tell whether the next tokens are these words in this order."""
        token = self.here
        if token.text != words[0] or token.kind != "word":
            return False
        return len(words) == 1 or all(self.ahead(n).kind == "word" and self.ahead(n).text == word for n, word in enumerate(words))

    def at_any(self, words: frozenset[str] | set[str]) -> bool:
        """Tell whether the next token is one of these words."""
        return self.here.kind == "word" and self.here.text in words

    def take_word(self, *words: str) -> bool:
        """Take these words if they come next."""
        if not self.at_word(*words):
            return False
        self.index += len(words)
        return True

    def at_sign(self, sign: str, distance: int = 0) -> bool:
        """Tell whether a token is this sign."""
        token = self.ahead(distance)
        return token.kind == "op" and token.text == sign

    def take_sign(self, sign: str) -> bool:
        """Take a sign if it comes next."""
        if not self.at_sign(sign):
            return False
        self.index += 1
        return True

    def expect_word(self, *words: str) -> None:
        """Take these words or raise."""
        if not self.take_word(*words):
            raise self.unexpected(" ".join(words))

    def expect_sign(self, sign: str) -> None:
        """Take a sign or raise."""
        if not self.take_sign(sign):
            raise self.unexpected(sign)

    def identifier(self, what: str) -> tree.Ident:
        """Take a name that is not a reserved word."""
        token = self.here
        if token.kind == "quoted" and token.text:
            self.advance()
            return tree.Ident(token.start, token.end, token.text, quoted=True)
        if token.kind == "word" and token.text not in RESERVED:
            self.advance()
            return tree.Ident(token.start, token.end, token.text)
        hint = f'"{token.text}" is a reserved word: quote it or take another' if token.kind == "word" else None
        raise self.unexpected(what, hint)

    def unexpected(self, wanted: str, hint: str | None = None) -> InvalidQuery:
        """Make the error for a token that does not belong here."""
        token = self.here
        if token.kind == "bind":
            return self.refuse(token, "bind variables are not filled in here", "write the value itself")
        if token.kind == "op" and token.text in {"@", "&", "?"}:
            return self._foreign(token)
        if token.kind == "end":
            return fault(self.text, self._last(), f"the statement ends where {wanted} is expected", hint)
        if token.kind == "word" and token.text == "LIMIT":
            return fault(self.text, token, "LIMIT is not Oracle SQL", "write FETCH FIRST n ROWS ONLY, or WHERE ROWNUM <= n")
        shown = self.text[token.start : min(token.end, token.start + 40)]
        return fault(self.text, token, f"expected {wanted}, found {shown!r}", hint)

    def refuse(self, span: Span, message: str, hint: str) -> QueryRefused:
        """Make a refusal that points at ``span``."""
        return refusal(self.text, span, message, hint)

    def deeper(self) -> None:
        """Count one level of nesting; whoever calls this takes it back."""
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise self.refuse(self.here, f"the statement is nested deeper than {DEPTH_LIMIT} levels", "name parts of it in WITH")

    def _last(self) -> Span:
        return self._tokens[self.index - 1] if self.index else self.here

    def _foreign(self, token: Token) -> QueryRefused:
        messages = {
            "@": ("database links are not followed", "take tables of this catalogue; the schema browser lists them"),
            "&": ("substitution variables belong to SQL*Plus", "write the value itself"),
            "?": ("bind variables are not filled in here", "write the value itself"),
        }
        return self.refuse(token, *messages[token.text])
