"""Yes for no: against a draft that turns a sentence of the passage round, or says the opposite of one of its words."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot import lexicon, synonyms
from bot.alignment import Case, Match
from bot.clauses import Unit
from bot.drafting import Clause
from bot.facts import MONEY


def turned(case: Case, aligned: Sequence[Match]) -> str:
    denying = [source for match in aligned if match.clause.is_negative for source in match.sources]
    for match in aligned:
        clause = match.clause
        # "Once dispatched, it cannot …" takes its opening from the sentence that also carries the denial.
        sources = [one for one in match.sources if not (_opens(clause, one) and one in denying)]
        if clause.is_negative and not (_is_denied(match) or _is_otherwise(match) or _is_other_case(match, case)):
            return "negation"
        if not clause.is_negative and any(_is_refuted(match, source) for source in sources):
            return "negation"
        if any(map(_is_otherwise, aligned)):
            continue
        if any(_is_shaded_otherwise(clause, source) or _counts_otherwise(clause, source) for source in sources):
            return "negation"
        if any(one.order == case.claim.order and _negations(one) != _negations(case.claim) for one in match.units):
            return "negation"
    return ""


def _opens(clause: Clause, source: Clause) -> bool:
    return clause.is_subordinate or (bool(clause.text) and clause.words <= source.prior)


def _negations(unit: Unit) -> int:
    return sum(clause.negations + bool(clause.shaded - clause.heads) for clause in unit.clauses)


def _counts_otherwise(clause: Clause, source: Clause) -> bool:
    """Nearly the same words with one negation more or less."""
    is_close = len(clause.words & source.words) * 4 >= len(clause.words | source.words) * 3
    by_the_way = bool(_relative(source) & clause.heads) - bool(_relative(clause) & source.heads)
    return is_close and clause.negations - source.negations != by_the_way


def _relative(clause: Clause) -> frozenset[str]:
    """ "Lessons that were not taken", 未领取的衣物: what is said not to be of a thing by the way."""
    return _denied(clause.words) | (clause.shaded - clause.heads)


def _denied(words: frozenset[str]) -> frozenset[str]:
    """What 未领取 and "unopened" deny."""
    return frozenset(word[1:] for word in words if len(word) > 1 and word[0] == "未") | frozenset(
        word[2:] for word in words if len(word) > 5 and word.startswith("un")
    )


def _hidden(heads: frozenset[str]) -> frozenset[str]:
    return frozenset(f"{prefix}{head}" for head in heads for prefix in ("未", "un"))


def _is_denied(match: Match) -> bool:
    """A negative clause needs a negative source for what it denies, no positive one, and none that fits better."""
    negative = [source for source in match.sources if source.is_negative]
    if any(match.clause.heads and match.clause.heads <= _relative(source) for source in match.sources):
        return True  # "if there is no lift", "without a lift"
    if not negative:
        return False
    carried = frozenset[str]().union(*(source.words for source in negative))
    whole = [s for s in match.sources if not s.is_negative and s.predicate]
    if any(len(s.words & match.clause.words) > len(carried & match.clause.words) for s in whole):
        return False
    positive = frozenset[str]().union(*(s.words for s in match.sources if not s.is_negative)) - carried
    return not match.clause.heads & positive


_BUT_THEY = re.compile(r"\bbut (?:they|it) ", re.I)  # "X cannot be frozen, but they can be cancelled"


def _is_refuted(match: Match, source: Clause) -> bool:
    """A positive clause must take no word from a negative source, but for a Chinese topic that the next clause shares:
    已下载的电子书不能退款，未下载的可以退款."""
    if not source.is_negative:
        return False
    if source.heads and source.heads <= _relative(match.clause):
        return False
    shared = match.clause.words & source.words
    named = {word for one in match.sources if not one.is_negative for word in one.words & match.clause.words}
    is_topic = bool(match.clause.text) and len(shared) == 1 and len(named) > len(shared) + 1
    is_leaning = any(_BUT_THEY.search(unit.text) for unit in match.units) or _is_by_the_way(match, source, shared)
    if shared <= source.prior and (is_topic or is_leaning or any(word[0] in "未非无" for word in named)):
        return False
    return bool(shared or match.clause.facts)


def _is_by_the_way(match: Match, source: Clause, shared: frozenset[str]) -> bool:
    """ "Tickets are not refundable, but may be exchanged": of the denial no more than what it speaks of is taken, and
    all else from one clause that denies nothing."""
    told = match.clause.words - shared
    full = next((one for one in match.sources if not one.is_negative and told <= one.words), None)
    return bool(told) and len(shared) == 1 and full is not None and full is match.sources[0]


def _is_otherwise(match: Match) -> bool:
    """ "If you do not send it back, we charge …" tells of "it must be sent back …, or we charge …"."""
    is_duty = any(
        "must" in one.modes or "if" in one.marks or (one.agent[0] == "you" and "may" not in one.modes)
        for one in match.sources
    )
    return "if" in match.clause.marks and is_duty and any("otherwise" in unit.marks for unit in match.units)


def _is_other_case(match: Match, case: Case) -> bool:
    """ "If it isn't right for you" tells in words of its own of the one case that is left to "if you are not happy"."""
    if match.sources or match.clause.marks.isdisjoint(("if", "when")):
        return False
    if any(
        one.is_question and one.clauses and one.clauses[0].is_negative and match.clause.words <= one.words
        for one in case.place.units
    ):
        return True  # "Not happy with it? Tell us …"
    cases = [one for unit in case.place.units for one in unit.clauses if not one.marks.isdisjoint(("if", "when"))]
    return any(one.is_negative or one.shaded for one in cases)


def _is_shaded_otherwise(clause: Clause, source: Clause) -> bool:
    both = clause.words & source.words
    return bool((clause.shaded & both) - _spared(source) or (source.shaded & both) - _spared(clause))


def _spared(clause: Clause) -> frozenset[str]:
    """What this clause is without: "unless you show it" leaves those who do not."""
    return clause.shaded | clause.heads | (clause.words if "unless" in clause.marks else frozenset())


def opposite(case: Case, aligned: Sequence[Match]) -> str:
    """ "before" where the passage says "after", "opened" where it says "unopened"."""
    for match in aligned:
        if _is_charged(match):
            return "negation: free"
        words = frozenset[str]().union(*(source.turns | source.words for source in _nearest(match, case)))
        for said in match.clause.turns | match.clause.words:
            if match.clause.is_negative and said in match.clause.heads:
                continue  # "has not been opened" is "unopened"
            if any(said in _hidden(source.heads) for source in match.sources):
                continue
            if said not in words and (_opposites(said) & words) - match.clause.words - match.clause.turns:
                return f"negation: {said}"
        is_timed = any(fact.dimension in ("duration", "time", "date") for fact in match.clause.facts)
        if is_timed and "arrived" in match.clause.turns - words and "sent" in words:
            return "negation: arrived"
    return ""


_COST, _FREE = synonyms.canonical("cost"), synonyms.canonical("free")


def _is_charged(match: Match) -> bool:
    """ "A fee is charged" of "no fee is charged", which is read as "cost free"."""
    clause = match.clause
    told = [source.words for source in match.sources[:1] if _COST in source.words]
    is_plain = _COST in clause.words and _FREE not in clause.words and not clause.is_negative
    return is_plain and not any(fact.unit in MONEY for fact in clause.facts) and any(_FREE in words for words in told)


def _nearest(match: Match, case: Case) -> list[Clause]:
    """The sources that stand in the sentence of the fullest one, or that one alone where it has nearly all."""
    if match.sources and len(match.sources[0].words & match.clause.words) * 4 >= len(match.clause.words) * 3:
        return [match.sources[0]]
    unit = next((one for one in case.reading.units if match.sources and match.sources[0] in one.everything), None)
    return [source for source in match.sources if unit is None or source in unit.everything]


@lru_cache(maxsize=4096)
def _opposites(word: str) -> frozenset[str]:
    pairs = [pair for pair in lexicon.OPPOSITES if word in pair]
    pairs += [
        frozenset(map(synonyms.canonical, pair)) for pair in lexicon.OPPOSITES if word in map(synonyms.canonical, pair)
    ]
    prefixed = {f"{prefix}{word}" for prefix in ("un", "non", "in", "dis", "未", "非", "无")}
    bare = {word.removeprefix(prefix) for prefix in ("un", "non", "dis", "未", "非", "无") if word.startswith(prefix)}
    return frozenset[str]().union(*pairs, prefixed, {b for b in bare if len(b) > 2 or not b.isascii()}) - {word}
