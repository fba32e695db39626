"""One word for another: near copies that differ where it matters, and things or countries that stand in for others."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from bot import lexicon, measures, synonyms
from bot.alignment import Case, Match
from bot.clauses import Unit
from bot.drafting import Clause
from bot.items import pseudo

NEAR = 0.8  # of the words alike: a copy, in which every difference counts


def slip(case: Case) -> str:
    """A near copy that differs in a word that matters: a negation, a direction, a unit, a thing, or any one word."""
    mine = Counter(case.claim.forms)
    for unit in case.place.units:
        theirs = Counter(unit.forms)
        if (mine & theirs).total() >= NEAR * max(mine.total(), theirs.total()) and (reason := _difference(case, unit)):
            return reason
    return ""


def _difference(case: Case, unit: Unit) -> str:
    mine, theirs = _kinds(case.claim.forms), _kinds(unit.forms)
    for kind in sorted(mine.keys() | theirs.keys()):
        added, lost = mine[kind] - theirs[kind], theirs[kind] - mine[kind]
        if kind == "word" and not lexicon.things() & lost.keys():
            added -= Counter({word: added[word] for word in case.asked.words})  # the customer's word for it
        if kind == "negation" and (added or lost):
            return "negation"
        if added and (lost or (kind == "direction" and added.keys() != {"from"})):
            return f"{'negation' if kind == 'direction' else 'name'}: {min(added)}"
        if (
            kind == "direction"
            and lost.keys() & {"after", "before"}
            and not unit.is_chinese
            and case.claim.facts == unit.facts
        ):
            return "negation"
    return ""


def _kinds(forms: Sequence[str]) -> defaultdict[str, Counter[str]]:
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for form in forms:
        kind = _kind(form)
        if kind:
            kinds[kind[0]][kind[1]] += 1
    return kinds


_PRONOUNS = {word: role for role, words in lexicon.ROLES for word in words if word not in ("shop", "store", "client")}


@lru_cache(maxsize=4096)
def _kind(form: str) -> tuple[str, str] | None:
    """What a word of a near copy matters for, and the form under which it is compared."""
    if form in lexicon.NEGATORS or form in "不没未无非勿":
        return "negation", "not"
    if (role := _PRONOUNS.get(form.partition("'")[0])) is not None:
        return "role", role
    if form in lexicon.DIRECTIONS:
        return "direction", lexicon.DIRECTIONS[form]
    if form in measures.UNITS:
        return "unit", "".join(map(str, measures.UNITS[form]))
    if (
        form in lexicon.STOP
        or form in synonyms.LIGHT
        or (form.isascii() and synonyms.canonical(form) in synonyms.light())
        or form in synonyms.LIGHT_HAN
        or form.startswith("#")
        or form in lexicon.CHINESE_STOP
        or not form.isalpha()
    ):
        return None
    return "word", synonyms.canonical(form)


def replaced(case: Case) -> str:
    """A thing of the trade in another's stead, or the same words but for one."""
    here = case.reading.title.words.union(*(unit.words for unit in case.place.units))
    strange = case.claim.words - here
    for thing in sorted(strange & lexicon.things()):
        if thing not in case.asked.words or here & lexicon.things():
            return f"name: {thing}"
    for unit in case.place.units:
        for mine, theirs in _orders(case.claim, unit):
            swapped = _one_swap(mine, theirs)
            is_asked = bool(swapped) and swapped <= (case.asked.words & strange) | synonyms.light()
            if (
                swapped
                and not is_asked
                and _is_strange(swapped, here)
                and not swapped & unit.words
                and not _is_loose(mine, theirs)
            ):
                return f"name: {' '.join(sorted(swapped))}"
    return _other_attribute(case, here) or _chinese_thing(case)


_PALE = lexicon.LOCAL_NEGATORS | frozenset("new exact actual normal regular usual ordinary particular single".split())


def _other_attribute(case: Case, here: frozenset[str]) -> str:
    """ "The green tag" where the passage has a blue one: another word before the same."""
    if case.claim.is_chinese:
        return ""
    before: defaultdict[str, set[str]] = defaultdict(set)
    for unit in (*case.place.units, case.reading.title):
        for first, second in _neighbours(unit.text):
            before[synonyms.canonical(second)].add(first)
    for first, second in _neighbours(case.claim.text):
        mine, noun = _kind(first), _kind(second)
        if mine is None or noun is None or mine[0] != "word" or noun[0] != "word" or first in _PALE:
            continue
        if mine[1] in here | case.asked.words or mine[1] not in case.claim.words or second.endswith("ly"):
            continue
        theirs = {_kind(one) for one in before.get(noun[1], ())}
        if theirs and all(one is not None and one[0] == "word" and one[1] not in case.claim.words for one in theirs):
            return f"name: {first}"
    return ""


_RUN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*(?:\s+[^\W\d_]+(?:['-][^\W\d_]+)*)*")


def _neighbours(text: str) -> Iterator[tuple[str, str]]:
    """Each word with the one before it, where nothing stands between."""
    for run in _RUN.findall(text.lower()):
        yield from pairwise(["", *run.split()])


def _is_strange(swapped: frozenset[str], here: frozenset[str]) -> bool:
    """Pairs of ideographs differ wherever words are set anew; what counts are characters that do not stand here."""
    swapped = frozenset(word for word in swapped if not re.match(r"#\d", word))  # facts are looked at by themselves
    if all(word.isascii() for word in swapped):
        return not swapped <= synonyms.light()
    return bool(set("".join(swapped)) - set("".join(here)) - synonyms.LIGHT_HAN)


def _orders(claim: Unit, unit: Unit) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    yield claim.order, unit.order
    for mine in claim.clauses:
        for theirs in unit.clauses:
            yield mine.order, theirs.order


def _one_swap(mine: Sequence[str], theirs: Sequence[str]) -> frozenset[str]:
    """What differs when two runs agree at both ends but for one short piece."""
    shorter = min(len(mine), len(theirs))
    start = next((n for n in range(shorter) if mine[n] != theirs[n]), shorter)
    end = next((n for n in range(shorter - start) if mine[-1 - n] != theirs[-1 - n]), shorter - start)
    middle, other = mine[start : len(mine) - end], theirs[start : len(theirs) - end]
    is_near_copy = start + end >= max(2, 2 * len(middle)) and 0 < len(other) <= len(middle) + 1
    return frozenset(middle) if is_near_copy else frozenset()


def _is_loose(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """ "You can pay with PayPal" and "we accept PayPal"."""
    differing = set(mine) ^ set(theirs)
    return any(differing <= words for words in lexicon.LOOSE)


def _chinese_thing(case: Case) -> str:
    text = "".join(unit.text for unit in (*case.place.units, case.reading.title))
    for thing in lexicon.CHINESE_THINGS:
        if thing in case.claim.text and thing not in text and any(other in text for other in lexicon.CHINESE_THINGS):
            return f"name: {thing}"
    for line in lexicon.CHINESE_SISTERS:
        strange = [word for word in line if word in case.claim.text and word not in text]
        if strange and any(word in text and word not in case.claim.text for word in line):
            return f"name: {strange[0]}"
    return ""


_COSTS = frozenset(map(synonyms.canonical, ("cost", "take")))


def other_thing(case: Case, aligned: Sequence[Match]) -> str:
    """What a passage says of one thing or country is not said of another."""
    for match in aligned:
        if sister := _sister(match):
            return f"name: {sister}"
        mine = _named(match.clause)
        own = frozenset[str]().union(*(one.words for one in match.sources if mine & _named(one)))
        for source in match.sources if mine else ():
            theirs, taken = _named(source), (source.words & match.clause.words) - own - _COSTS
            if theirs and mine.isdisjoint(theirs) and (taken or not own):
                return f"name: {min(mine).removeprefix('#')}"
    return ""


def _sister(match: Match) -> str:
    """The green tag, where the passage speaks of the blue one."""
    lines = lexicon.sisters()
    for source in match.sources:
        for word in sorted(match.clause.words & lines.keys() - source.words):
            same = {one for one in source.words & lines.keys() if lines[one] == lines[word]}
            if same and same.isdisjoint(match.clause.words):
                return word
    return ""


def _named(clause: Clause) -> frozenset[str]:
    return (clause.words & lexicon.things()).union(pseudo(fact) for fact in clause.facts if fact.kind == "place")
