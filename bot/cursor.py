"""A place in a run of tokens, and what stands before and behind it."""

from collections.abc import Sequence
from itertools import takewhile

from bot.tokens import Token


class Cursor:
    """Walks the tokens once; `i` is the next one to read."""

    def __init__(self, found: Sequence[Token]) -> None:
        self.found = found
        self.i = 0

    def low(self, offset: int = 0) -> str:
        place = self.i + offset
        return self.found[place].low if 0 <= place < len(self.found) else ""

    def kind(self, offset: int = 0) -> str:
        place = self.i + offset
        return self.found[place].kind if 0 <= place < len(self.found) else ""

    def han(self, offset: int, length: int) -> str:
        """Up to `length` Chinese characters from `offset` on, as one string; 每 3 天 is not 每天."""
        return "".join(self.low(n) for n in takewhile(lambda n: self.kind(n) == "han", range(offset, offset + length)))

    def is_letter(self) -> bool:
        """ "Room B", "plan S": a letter that tells one of several from the others; "A" may be an article."""
        token = self.found[self.i]
        is_name = len(token.text) == 1 and "A" <= token.text <= "Z" and self.kind(-1) == "word" and token.text != "I"
        return is_name and (token.text != "A" or self.kind(1) in ("", "mark") or self.low(1) in ("and", "or", "is"))
