"""Links inside the knowledge base that lead nowhere."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from bot import markdown
from bot.knowledge import Passage

_LINK = re.compile(
    r"(?<!!)\[[^\[\]\n]{0,300}\]\(\s*<?([^()\s<>]{1,500}(?:\([^()\s]{0,100}\)[^()\s<>]{0,200})?)>?(?:\s+\"[^\"\n]*\")?\s*\)"
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|/", re.I)  # a scheme, or a path of the shop's site
UNDERSTOOD, FEW = 0.8, 5  # of the links to headings; fewer than so many tell nothing
_FILES = (".md", ".markdown", ".mdx", ".txt", ".html", ".htm", ".docx", ".pdf", ".csv", ".tsv", ".xlsx", ".json")


_BOLD_LINE = re.compile(r"^\*\*([^*\n]+)\*\*$", re.M)  # a heading inside an answer


class _Targets:
    """All that a link may lead to: files, and the headings of what became passages and entries."""

    def __init__(self, documents: Iterable[str], passages: Iterable[Passage]) -> None:
        self._anchors: dict[str, set[str]] = {}
        for key in documents:
            self._add(key)
        for passage in passages:
            self._add(passage.document)
            self._add(passage.anchor)
            path = passage.document.partition("#")[0]
            for heading in (*passage.title.split(" › "), *_BOLD_LINE.findall(passage.text)):
                self._anchors[path].add(_loose(heading))

    def _add(self, key: str) -> None:
        path, _, anchor = key.partition("#")
        self._anchors.setdefault(path, set()).add(_loose(anchor))

    def has(self, path: str, anchor: str) -> bool:
        held = self._anchors.get(path)
        if held is None and path.endswith((".md", ".html")):  # pages of a site link to each other without the ending
            held = self._anchors.get(path.rpartition(".")[0])
        return held is not None and (not anchor or _loose(anchor) in held)


def dead_links(documents: Iterable[str], passages: Sequence[Passage]) -> Iterator[tuple[Passage, str]]:
    """Links to files and headings that no document has; where others' sites lead is not looked at.

    Headings may bear names of their own (`## Sign in {#sso}`), which are not kept: where hardly any link to a heading
    is understood, those are not told.
    """
    targets = _Targets(documents, passages)
    links = [(passage, link, *_target(passage, link)) for passage in passages for link in _internal(passage)]
    to_headings = [targets.has(path, anchor) for _, _, path, anchor in links if anchor and targets.has(path, "")]
    is_understood = sum(to_headings) >= UNDERSTOOD * len(to_headings) or len(to_headings) < FEW
    for passage, link, path, anchor in links:
        if not targets.has(path, anchor if is_understood else ""):
            yield passage, link


def _internal(passage: Passage) -> Iterator[str]:
    for link in dict.fromkeys(_LINK.findall(passage.text) if "](" in passage.text else ()):
        path = unquote(link).partition("#")[0].partition("?")[0]
        if not _ELSEWHERE.match(link) and (not path or path.lower().endswith(_FILES)):
            yield link


def _target(passage: Passage, link: str) -> tuple[str, str]:
    here = passage.document.partition("#")[0]
    path, _, anchor = unquote(link).partition("#")
    path = path.partition("?")[0]
    return posixpath.normpath(posixpath.join(posixpath.dirname(here), path)) if path else here, anchor


def _loose(anchor: str) -> str:
    """As headings are compared: GitHub writes a hyphen for each blank, we one for all."""
    return re.sub(r"-+", "-", markdown.slug(anchor.replace("-", " ")))
