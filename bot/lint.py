"""What is wrong with the content, passage by passage: a sentence each, with the place where it can be put right.

Nothing here is about two passages: that is `duplicates`. What must be put right is what would mislead a customer or
tell on somebody; everything else is a hint.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.injection import instruction
from bot.invisible import counted, without_invisible
from bot.knowledge import Passage, script_of
from bot.links import dead_links
from bot.personal import personal, role_domains
from bot.splitting import count_words
from bot.text import normalised, runs, terms
from bot.validity import moment, passed_days, window_problem

MOST_WORDS = 250  # of an answer that somebody reads to its end on a small screen
MUST = frozenset(("conflict", "personal-data", "injection"))
CODES = (
    "conflict", "personal-data", "injection", "no-answer", "same-question", "duplicate", "near-duplicate", "expired",
    "validity", "past-date", "mixed-languages", "dead-link", "invisible", "too-long", "phone-number",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """`source` is `file:line`; `passages` are the ids of all it is about, the one at `source` first."""

    code: str
    source: str
    sentence: str
    passages: tuple[str, ...] = ()

    @property
    def is_hint(self) -> bool:
        return self.code not in MUST

    def __str__(self) -> str:
        return f"{self.source}: {self.sentence}"


def in_order(findings: Iterator[Finding]) -> list[Finding]:
    """What must be put right first, then by file and line."""
    return sorted(findings, key=lambda one: (CODES.index(one.code), _place(one.source), one.sentence))


def _place(source: str) -> tuple[str, int]:
    path, _, line = source.rpartition(":")
    return (path, int(line)) if line.isdecimal() else (source, 0)


def finding(code: str, passage: Passage, sentence: str, *others: Passage) -> Finding:
    return Finding(code, passage.source or passage.anchor, sentence, (passage.id, *(other.id for other in others)))


def passage_findings(
    passages: Sequence[Passage],
    now: datetime,
    *,
    most_words: int = MOST_WORDS,
    documents: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Finding]:
    """All that can be said of one passage at a time. `now` is in the shop's time zone; `documents` are all keys."""
    own = role_domains(passage.text for passage in passages)
    for n, passage in enumerate(passages):
        yield from _unanswered(passage)
        yield from _instructions(passage)
        yield from _personal(passage, own)
        yield from _unseen(passage)
        yield from _mixed(passage)
        yield from _dates(passage, now)
        if n % 256 == 0:
            progress(n, len(passages))
    for passage, link in dead_links(documents, passages):
        yield finding("dead-link", passage, f"the link to “{link}” leads nowhere in the knowledge base")
    yield from _too_long(passages, most_words)
    progress(len(passages), len(passages))


# ── no answer ──

_STUB = re.compile(
    r"(?:tb[ad]|t\.b\.[ad]\.?|to be (?:determined|announced|added|written|defined|completed|confirmed|decided)"
    r"|coming soon|todo|to do|fixme|n/?a|none|null|nil|placeholder|work in progress|wip|under construction"
    r"|answer(?: goes)?(?: here)?|insert (?:answer|text)(?: here)?|your answer here|draft|test|lorem ipsum.*|x{2,}"
    r"|[\W_]+|待(?:补充|定|更新|完善|确认|填写)|敬请期待|即将(?:上线|推出|更新|开放)|暂无(?:内容|答案|数据)?|暂缺|无|同上"
    r"|略|未完成|建设中|测试)[\s.!。！…]*",
    re.I | re.S,
)
_LEFT_OPEN = re.compile(
    r"\b[Ll]orem [Ii]psum\b|\[(?:tb[ad]|TB[ADC]|todo|TODO|[Ii]nsert [^\]\n]{1,60}|[Pp]laceholder|[Xx]{2,})\]"
    r"|\b(?:TBD|TBC|TODO|FIXME)\b|[（(\[【]待(?:补充|定|完善|填写)[）)\]】]|待补充|此处填写"
)


def _unanswered(passage: Passage) -> Iterator[Finding]:
    said = re.sub(r"[*_`#>|]+", " ", passage.text).strip()
    asked = (passage.title, *passage.phrasings)
    if not list(runs(said)) or _STUB.fullmatch(said):
        yield finding("no-answer", passage, f"“{passage.title}” has no answer yet: it says “{_short(said)}”")
    elif any(_repeats(said, question) for question in asked):
        yield finding("no-answer", passage, f"the answer to “{passage.title}” only repeats the question")
    elif found := _LEFT_OPEN.search(said):
        yield finding("no-answer", passage, f"“{found[0]}” was left in the text of “{passage.title}”")


def _repeats(said: str, question: str) -> bool:
    if runs(said) == runs(question):
        return True
    is_question = said.rstrip().endswith(("?", "？"))
    return is_question and said.count("\n") == 0 and set(terms(said)) <= set(terms(question)) and bool(set(terms(said)))


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:80].rstrip() + "…"


def _too_long(passages: Sequence[Passage], most: int) -> Iterator[Finding]:
    """A policy is looked up; an answer is read."""
    whole: dict[str, list[Passage]] = {}
    for passage in passages:
        if passage.kind == "faq":
            whole.setdefault(passage.document, []).append(passage)
    for parts in whole.values():
        n = sum(count_words(part.text) for part in parts)
        if n > most:
            sentence = f"the answer to “{parts[0].title}” has {n} words: few people read more than {most}"
            yield finding("too-long", parts[0], sentence, *parts[1:])


# ── what does not belong into content ──


def _instructions(passage: Passage) -> Iterator[Finding]:
    for text in (passage.text, "\n".join((passage.title, *passage.phrasings))):
        if said := instruction(text):
            yield finding("injection", passage, f"“{_short(said)}” speaks to the machine, not to customers")
            return


def _personal(passage: Passage, own_domains: frozenset[str]) -> Iterator[Finding]:
    told = set[str]()
    for found in personal("\n".join((passage.title, *passage.phrasings, passage.text)), own_domains):
        if found.value not in told:
            told.add(found.value)
            code = "personal-data" if found.is_sure else "phone-number"
            yield finding(code, passage, f"{found.shown} looks like {found.kind} of a person")


def _unseen(passage: Passage) -> Iterator[Finding]:
    _, removed = without_invisible("\n".join((passage.title, *passage.phrasings, passage.text)))
    if removed:
        yield finding("invisible", passage, f"it holds {counted(removed)} that nobody sees")


_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_NO_PROSE = re.compile(r"`[^`]*`|\S+@\S+|\b(?:https?://|www\.)\S+|\([^()\s]*[/#][^()\s]*\)")
ENOUGH = 6  # words of a text that must have a language


def _mixed(passage: Passage) -> Iterator[Finding]:
    asked, said = _language(passage.title, 3), _language(passage.text, ENOUGH)
    if asked and said and asked != said and passage.kind == "faq":
        sentence = f"“{passage.title}” is asked in one language and answered in another"
        yield finding("mixed-languages", passage, sentence)
    elif said and said != script_of(passage.language):
        about = f"it is said to be in “{passage.language}”, and is {'not ' * (said != 'zh')}in Chinese"
        yield finding("mixed-languages", passage, about)


def _language(text: str, enough: int) -> str:
    """By what prevails, two ideographs counting for a word; nothing for a text that is mixed or short."""
    prose = _NO_PROSE.sub(" ", text)
    chinese, latin = len(_HAN.findall(prose)) / 2, len(_LATIN_WORD.findall(prose))
    if chinese + latin < enough or 1 / 3 < chinese / (chinese + latin) < 2 / 3:
        return "zh" if chinese >= 2 and not latin else ""
    return "zh" if chinese > latin else "latin"


# ── dates ──


def _dates(passage: Passage, now: datetime) -> Iterator[Finding]:
    ends = moment(passage.valid_to, now, is_end=True)
    if problem := window_problem(passage, now):
        yield finding("validity", passage, problem)
    elif ends is not None and ends <= now:
        yield finding("expired", passage, f"“{passage.title}” ended on {passage.valid_to}: nobody gets it any more")
    elif found := next(passed_days(passage.text, now.date()), None):
        yield finding("past-date", passage, f"“{_short(found[1])}” has passed: is “{passage.title}” still right?")


def names_of(findings: Sequence[Finding]) -> dict[str, int]:
    """How many there are of each code, the gravest first."""
    counts = {code: sum(one.code == code for one in findings) for code in CODES}
    return {code: n for code, n in counts.items() if n}


def plain(text: str) -> str:
    """As texts are compared for being the same: no markup, no punctuation, one form of each letter."""
    return " ".join(runs(normalised(text)))
