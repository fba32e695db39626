"""What a passage that is gone has become: the live passage that says it now, or none."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from bot.knowledge import Passage, script_of
from bot.text import folded_terms

ALIKE = 0.5  # of the words of two titles, or two texts: more than that, and they are about the same
NEAR = 0.3  # the same within one document
TELLING, TELLING_ZH = 6, 15  # terms from which on a text can be told by itself: there may be many a "Yes."


class Live:
    """Passages that customers may be told at this moment, which is in the shop's time zone."""

    def __init__(self, passages: Iterable[Passage], at: datetime) -> None:
        self._saying = defaultdict[str, list[Passage]](list)
        self._anchored = defaultdict[str, list[Passage]](list)
        self._near = defaultdict[tuple[str, str], list[Passage]](list)
        self._terms: dict[str, frozenset[str]] = {}
        for passage in passages:
            if not passage.audience and passage.holds(at):
                self._saying[_said(passage)].append(passage)
                self._anchored[passage.anchor].append(passage)
                self._near[_file(passage), passage.language].append(passage)

    def successor(self, old: Passage) -> Passage | None:
        """The passage that says the very same; else the one with the same anchor; else, of the same document, the one
        that is most like it. None: it was taken out."""
        if same := [passage for passage in self._saying.get(_said(old), ()) if self._repeats(passage, old)]:
            return max(same, key=lambda passage: passage.anchor == old.anchor)
        if anchored := self._anchored.get(old.anchor):
            return anchored[0] if len(anchored) == 1 else max(anchored, key=lambda p: self._alike(p.text, old.text))
        near = [(self._likeness(old, passage), passage) for passage in self._near.get((_file(old), old.language), ())]
        fitting = [
            (score, passage) for score, passage in near if score > (NEAR if passage.document == old.document else ALIKE)
        ]
        return max(fitting, key=lambda scored: scored[0])[1] if fitting else None

    def _repeats(self, new: Passage, old: Passage) -> bool:
        """Elsewhere the same few words may answer another question."""
        is_here = old.document == new.document or old.anchor == new.anchor or old.title == new.title
        telling = TELLING_ZH if script_of(old.language) == "zh" else TELLING
        return is_here or len(self._of(old.text)) >= telling

    def _likeness(self, one: Passage, other: Passage) -> float:
        return max(self._alike(_heading(one), _heading(other)), self._alike(one.text, other.text))

    def _alike(self, one: str, other: str) -> float:
        """The share of their words that two texts have in common, 0 to 1; glue words do not count."""
        words, others = self._of(one), self._of(other)
        return 2 * len(words & others) / (len(words) + len(others) or 1)

    def _of(self, text: str) -> frozenset[str]:
        if text not in self._terms:
            self._terms[text] = frozenset(folded_terms(text))
        return self._terms[text]


def says_the_same(new: Passage | None, old: Passage) -> bool:
    return new is not None and _said(new) == _said(old)


def _said(passage: Passage) -> str:
    return " ".join(passage.text.split())


def _heading(passage: Passage) -> str:
    """Without the headings above it, which all of its neighbours share."""
    return passage.title.rpartition(" › ")[2]


def _file(passage: Passage) -> str:
    return passage.document.partition("#")[0]
