"""What speaks against taking a draft sentence from a place in a passage.

Each objection is a pure function of a Case that returns an empty string, or a code with what offended.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot import lexicon
from bot.alignment import Case, Match, align
from bot.clauses import Clause, Name, Unit
from bot.facts import Fact, carries
from bot.items import pseudo
from bot.reading import Reading
from bot.substitutions import other_thing, replaced, slip
from bot.tokens import CJK_CHARACTER

ENOUGH = 0.6  # of the content words
ENOUGH_CHINESE = 0.5  # a word of two ideographs that changes spoils up to three pairs
ENOUGH_ECHO = 0.75  # when a draft says nothing that the question did not


def objection(case: Case) -> str:
    """The first objection; the cheap ones come first, and only a claim that passes them is aligned."""
    for against in (_missing_fact, _missing_name, _too_few_words, _mixed_up, slip, replaced):
        if reason := against(case):
            return reason
    aligned = align(case.claim, case.place, case.reading)
    for against_matches in (_turned, _opposite, other_thing, _condition, _promised_more, _other_payer):
        if reason := against_matches(case, aligned):
            return reason
    return ""


# ── facts and names ──

_CODES = {"range": "number", "rate": "number", "currency": "name", "place": "name"}


def _missing_fact(case: Case) -> str:
    stated = [fact for unit in (*case.place.units, case.reading.title) for fact in unit.facts]
    for fact in case.claim.facts:
        if not any(carries(one, fact) for one in stated):
            return f"{_CODES.get(fact.kind, fact.kind)}: {fact.shown}"
    return ""


def _missing_name(case: Case) -> str:
    for name in case.claim.names:
        is_opening = name.is_opening and (name.shown.lower() in lexicon.STARTS or name.word in _openings())
        if not is_opening and not _stands_in(name, case.reading):
            return f"name: {name.shown}"
    return ""


def _stands_in(name: Name, reading: Reading) -> bool:
    low = name.shown.lower()
    parts = low.split("-")
    return not reading.vocabulary.isdisjoint((low.replace("-", ""), name.word)) or (
        len(parts) > 1 and reading.vocabulary.issuperset(parts)
    )


@lru_cache(maxsize=1)
def _openings() -> frozenset[str]:
    return frozenset(map(lexicon.canonical, lexicon.STARTS))


def _too_few_words(case: Case) -> str:
    claim, asked = case.claim, case.asked
    enough = ENOUGH_CHINESE if _is_chinese(claim) else ENOUGH
    if asked.words and claim.words <= asked.words and not claim.facts:
        enough = ENOUGH_ECHO
    is_claimed = any(_shares(claim, unit) for unit in case.place.units if not unit.is_question)
    is_enough = case.place.support >= enough and (is_claimed or _names_title(case))
    return "" if is_enough else f"words: {case.place.support:.2f}"


def _is_chinese(claim: Unit) -> bool:
    return CJK_CHARACTER.search(claim.text) is not None


def _shares(claim: Unit, unit: Unit) -> bool:
    return not claim.words.isdisjoint(unit.words) or any(carries(s, f) for s in unit.facts for f in claim.facts)


def _names_title(case: Case) -> bool:
    """ "You'll find more in “Returns and refunds”." claims nothing else."""
    title = case.reading.title
    return bool(title.key) and not title.is_question and title.key in case.claim.key and case.claim.words <= title.words


# ── the right fact for the right thing ──


_NOT_COMPARED = frozenset(("url", "e-mail", "phone", "code", "place", "currency", "rate"))


def _mixed_up(case: Case) -> str:
    """A fact that stands beside other words, while the claim's words stand beside another fact of its kind."""
    for near, fact in _beside([case.claim]):
        # What the draft says of it: its part of the clause, or the whole sentence when that says next to nothing.
        context = near if len(near) > 1 else frozenset(case.claim.order) - {pseudo(fact)}
        if fact.dimension not in _NOT_COMPARED and _is_beaten(fact, context, case):
            return f"{_CODES.get(fact.kind, fact.kind)}: {fact.shown}"
    return ""


def _is_beaten(fact: Fact, context: frozenset[str], case: Case) -> bool:
    """Nearby, a rival wins that has more words of its own; elsewhere, in any passage, only one that has all of ours."""
    near = [(beside & context, stated) for beside, stated in _beside(case.place.units)]
    mine = [words for words, stated in near if carries(stated, fact)]
    here = [words for words, stated in near if _competes(stated, fact) and fact.kind != "weekday"]
    far = [
        beside & context
        for reading in case.readings
        for beside, stated in _beside(reading.units)
        if _competes(stated, fact)
    ]
    return bool(mine) and all(
        any(_weight(rival - own) >= max(1, _weight(own - rival)) for rival in here) or any(rival > own for rival in far)
        for own in mine
    )


def _weight(words: frozenset[str]) -> int:
    """A fact tells more than a word."""
    return sum(2 if word.startswith("#") else 1 for word in words)


def _beside(units: Sequence[Unit]) -> Iterator[tuple[frozenset[str], Fact]]:
    for unit in units:
        for clause in unit.clauses:
            for fact, near in zip(clause.facts, clause.near, strict=True):
                yield near - {pseudo(fact)}, fact


def _competes(stated: Fact, drafted: Fact) -> bool:
    return stated.dimension == drafted.dimension and not carries(stated, drafted)


# ── polarity ──


def _turned(case: Case, aligned: Sequence[Match]) -> str:
    denying = [source for match in aligned if match.clause.is_negative for source in match.sources]
    for match in aligned:
        clause = match.clause
        # "Once dispatched, it cannot …" takes its opening from the sentence that also carries the denial.
        sources = [one for one in match.sources if not (clause.is_subordinate and one in denying)]
        if clause.is_negative and not _is_denied(match):
            return "negation"
        if not clause.is_negative and any(_is_refuted(clause, source) for source in sources):
            return "negation"
        if any(_is_shaded_otherwise(clause, source) or _counts_otherwise(clause, source) for source in sources):
            return "negation"
        if any(one.order == case.claim.order and _negations(one) != _negations(case.claim) for one in match.units):
            return "negation"
    return ""


def _negations(unit: Unit) -> int:
    return sum(clause.negations for clause in unit.clauses)


def _counts_otherwise(clause: Clause, source: Clause) -> bool:
    """Nearly the same words with one negation more or less."""
    is_close = len(clause.words & source.words) * 4 >= len(clause.words | source.words) * 3
    return is_close and clause.negations != source.negations


def _is_denied(match: Match) -> bool:
    """A negative clause needs a negative source for what it denies, no positive one, and none that fits better."""
    negative = [source for source in match.sources if source.is_negative]
    if not negative:
        return False
    carried = frozenset[str]().union(*(source.words for source in negative))
    whole = [s for s in match.sources if not s.is_negative and s.predicate]
    if any(len(s.words & match.clause.words) > len(carried & match.clause.words) for s in whole):
        return False
    positive = frozenset[str]().union(*(s.words for s in match.sources if not s.is_negative)) - carried
    return not match.clause.heads & positive


def _is_refuted(clause: Clause, source: Clause) -> bool:
    """A positive clause must take no word from a negative source."""
    return source.is_negative and bool(clause.words & source.words or clause.facts)


def _is_shaded_otherwise(clause: Clause, source: Clause) -> bool:
    both = clause.words & source.words
    return clause.shaded & both != source.shaded & both


def _opposite(case: Case, aligned: Sequence[Match]) -> str:
    """ "before" where the passage says "after", "opened" where it says "unopened"."""
    for match in aligned:
        words = frozenset[str]().union(*(source.turns | source.words for source in match.sources))
        for said in match.clause.turns | match.clause.words:
            if said not in words and (_opposites(said) & words) - match.clause.words - match.clause.turns:
                return f"negation: {said}"
        is_timed = any(fact.dimension in ("duration", "time", "date") for fact in match.clause.facts)
        if is_timed and "arrived" in match.clause.turns - words and "sent" in words:
            return "negation: arrived"
    return ""


@lru_cache(maxsize=4096)
def _opposites(word: str) -> frozenset[str]:
    pairs = [pair for pair in lexicon.OPPOSITES if word in pair]
    prefixed = {f"{prefix}{word}" for prefix in ("un", "non", "in", "dis", "未", "非", "无")}
    bare = {word.removeprefix(prefix) for prefix in ("un", "non", "dis", "未", "非", "无") if word.startswith(prefix)}
    return frozenset[str]().union(*pairs, prefixed, {b for b in bare if len(b) > 2 or not b.isascii()}) - {word}


# ── conditions ──

_ADDED = frozenset(("only", "unless", "except"))


def _condition(case: Case, aligned: Sequence[Match]) -> str:
    """A condition of the passage that the draft leaves out, or one it makes up."""
    units = [unit for match in aligned for unit in match.units]
    for unit in units:
        for clause in unit.clauses:
            for mark in sorted(clause.marks - case.claim.marks):
                if not _is_settled(mark, clause, unit, case):
                    return f"condition: {mark}"
    stated = frozenset[str]().union(*(unit.marks | _implied(unit) for unit in units))
    added = (case.claim.marks & _ADDED) - stated
    return f"condition: {min(added)}" if added else ""


def _implied(unit: Unit) -> frozenset[str]:
    """What else says as much: "cannot … if" is "unless"; "excluded" is "except"."""
    if not any(clause.is_negative for clause in unit.everything):
        return frozenset()
    return frozenset(("except", "unless")) if "if" in unit.marks else frozenset(("except",))


def _is_settled(mark: str, clause: Clause, unit: Unit, case: Case) -> bool:
    """May the draft leave this condition out: does it say it in other words, or take nothing that it governs?"""
    claim = case.claim
    match mark:
        case "if":
            said = clause.words & (claim.words | case.asked.words)
            is_said = len(said) * 2 >= len(clause.words) or not claim.marks.isdisjoint(("only", "unless"))
            return is_said or _is_elsewhere(clause, unit, claim)
        case "except":
            return any(one.is_negative and one.words & clause.words for one in claim.clauses)
        case "only":
            return len(unit.clauses) > 1 and clause.words.isdisjoint(claim.words)
    return False


def _is_elsewhere(clause: Clause, unit: Unit, claim: Unit) -> bool:
    """The condition belongs to the last of several parts ("costs €5 and arrives tomorrow if …"), which is left out."""
    place = unit.clauses.index(clause)
    tail = unit.clauses[place - 1].tail if place else frozenset[str]()
    return bool(tail) and tail.isdisjoint(claim.order)


# ── promises ──

_WIDE = frozenset(("any", "all"))


def _promised_more(case: Case, aligned: Sequence[Match]) -> str:
    for match in aligned:
        if over := _over_certain(match):
            return f"certainty: {min(over)}"
        if "free" in match.clause.certain and (limit := _limit_of_free(case, match)):
            return f"condition: {limit}"
        modes = frozenset[str]().union(*(source.modes for source in match.sources))
        if "must" in match.clause.modes - modes and "may" in modes:
            return "certainty: must"
        if "will" in match.clause.modes - modes and "perhaps" in modes:
            return "certainty: will"
    return ""


def _over_certain(match: Match) -> frozenset[str]:
    """Promises of the clause that its sentences do not make; "any" and "all" are one, and none in "not any"."""
    stated = frozenset[str]().union(*(unit.certain for unit in match.units))
    is_open = match.clause.is_negative or "if" in match.clause.marks
    return match.clause.certain - stated - (_WIDE if is_open or stated & _WIDE else frozenset())


def _limit_of_free(case: Case, match: Match) -> str:
    """What is free for some is not free for all: "orders over €75", "in our stores"."""
    known = (case.claim, case.asked, case.reading.title)
    words = frozenset[str]().union(*(unit.words for unit in known))
    facts = [fact for unit in known for fact in unit.facts]
    for source in match.sources:
        if "free" not in source.certain:
            continue
        for fact in source.facts:
            if fact.bound and not any(carries(fact, one) for one in facts):
                return fact.shown
        left = source.words - words
        if len(left) * (2 if _is_chinese(case.claim) else 4) > len(source.words):
            return min(left)
    return ""


@lru_cache(maxsize=1)
def _bearing() -> frozenset[str]:
    return frozenset(map(lexicon.canonical, lexicon.BEARING))


def _other_payer(case: Case, aligned: Sequence[Match]) -> str:
    """ "We pay" where the passage says "the customer pays"."""
    for match in aligned:
        roles = match.clause.roles
        sources = [one for one in match.sources if len(one.roles) == 1 and one.words & _bearing()]
        if len(roles) == 1 and match.clause.words & _bearing() and any(one.roles != roles for one in sources):
            return f"name: {min(roles)}"
    return ""
