"""The fact guard: is a sentence of a draft carried by a passage?

A sentence passes when one passage has a place (a sentence, up to three in a row, or a table row with its header) that
says it: enough of its words, all of its facts, the same polarity, the same conditions, and no greater promise. No
model is asked. When in doubt it refuses, because the passage itself can always be shown instead; a passage's own
sentences always pass.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot import lexicon, measures
from bot.clauses import Clause, Name, Unit, pseudo, read
from bot.reading import Reading, read_passage
from bot.facts import Fact, carries
from bot.tokens import has_controls
from bot.sentences import complete_sentences, sentences

__all__ = ["Verdict", "check", "complete_sentences", "sentences"]

ENOUGH = 0.6  # of the content words
ENOUGH_CHINESE = 0.5  # a word of two ideographs that changes spoils up to three pairs
ENOUGH_ECHO = 0.75  # when a draft says nothing that the question did not
ASKED = 0.5  # what a word weighs that only the question has
_COMPARED = frozenset(
    ("duration", "money", "%", "count", "weekday", "time", "date", "kg", "g", "km", "cm", "GB", "times", "age", "point")
)
WINDOW = 3  # sentences in a row that may carry one draft sentence together
PLACES = 3  # how many of the best places are looked at closely


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty when carried, `courtesy` when nothing is claimed, else a code and what offended."""

    sentence: str
    is_carried: bool
    passage: int | None  # the passage that carries it best
    reason: str = ""
    support: float = 0.0  # share of content words carried


@dataclass(frozen=True, slots=True)
class Claim:
    """A draft sentence, read: what it claims once courtesies are off, and whether it began with yes or no."""

    unit: Unit
    whole_key: str
    yes: bool | None = None

    @property
    def words(self) -> frozenset[str]:
        return self.unit.words()


def check(sentence: str, passages: Sequence[str], question: str = "") -> Verdict:
    """Is `sentence` carried by one of `passages` (each a title, a line break, a text)?"""
    if has_controls(sentence):
        return Verdict(sentence, False, None, "characters")
    parts = sentences(sentence)
    if len(parts) > 1 and not all(len(part) < 4 for part in parts):
        return _combined(sentence, [check(part, passages, question) for part in parts])
    claim = _claim(sentence)
    if not claim.unit.key:
        return Verdict(sentence, claim.yes is None, None, "courtesy" if claim.yes is None else _yes_or_no(claim))
    asked = read(question)
    readings = [read_passage(passage) for passage in passages]
    judged = [replace(_judge(claim, n, readings, asked), sentence=sentence, passage=n) for n in range(len(readings))]
    if not judged:
        return Verdict(sentence, False, None, "words: 0.00")
    return max(judged, key=lambda verdict: (verdict.is_carried, verdict.support))


def _combined(sentence: str, verdicts: Sequence[Verdict]) -> Verdict:
    """Several sentences at once: all must be carried; the first that is not gives the reason."""
    for verdict in verdicts:
        if not verdict.is_carried:
            return replace(verdict, sentence=sentence)
    claims = [verdict for verdict in verdicts if verdict.passage is not None]
    if not claims:
        return Verdict(sentence, True, None, "courtesy")
    return replace(claims[0], sentence=sentence, support=min(verdict.support for verdict in claims))


# ── what the draft claims ──


@lru_cache(maxsize=1024)
def _claim(sentence: str) -> Claim:
    """Peel "Happy to help!", "Sure," and "Yes," off the front; what is left must be carried."""
    whole, rest, yes = read(sentence), sentence.strip(), None
    while rest:
        head, tail = _first_piece(rest)
        bare = _bare(head)
        if bare in lexicon.AFFIRMATIONS and yes is None:
            yes = True
        elif bare in lexicon.DENIALS and yes is None:
            yes = False
        elif bare not in lexicon.COURTESY:
            break
        rest = tail
    return Claim(read(rest) if _bare(rest) else read(""), whole.key, yes)


def _first_piece(text: str) -> tuple[str, str]:
    ends = [at for at in (text.find(stop) for stop in ",.!?:;-–—，。！？、~") if at >= 0]
    if not ends:
        return text, ""
    return text[: min(ends)], text[min(ends) + 1 :].lstrip(" .!,?。！，？")


def _bare(text: str) -> str:
    kept = "".join(c for c in text.replace("’", "'") if c.isalnum() or c in " '%€$£¥")
    return " ".join(kept.lower().split())


def _yes_or_no(claim: Claim) -> str:
    return f"certainty: {'yes' if claim.yes else 'no'}"


# ── one passage ──


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a passage a claim may stand."""

    units: tuple[Unit, ...]
    support: float


def _judge(claim: Claim, n: int, readings: Sequence[Reading], asked: Unit) -> Verdict:
    reading = readings[n]
    if f"\x1e{claim.whole_key}\x1e" in reading.stretch:
        return Verdict("", True, None, "", 1.0)
    if f"\x1e{claim.unit.key}\x1e" in reading.stretch:
        reason = _answer_conflict(claim, [one for one in reading.units if one.key == claim.unit.key], reading, asked)
        return Verdict("", not reason, None, reason, 1.0)
    best = Verdict("", False, None, "words: 0.00", 0.0)
    for place in _best_places(claim, reading, asked):
        reason = _refusal(claim, place, reading, readings, asked)
        verdict = Verdict("", not reason, None, reason, round(place.support, 4))
        if verdict.is_carried:
            return verdict
        best = max(best, verdict, key=lambda v: v.support)
    return best


def _best_places(claim: Claim, reading: Reading, asked: Unit) -> list[Place]:
    """The few windows that share most with the claim; of equals, the shorter and the earlier."""
    found = []
    size_of = len(reading.units)
    for size in range(1, WINDOW + 1):
        for start in range(size_of - size + 1):
            units = reading.units[start : start + size]
            place = Place(units, _support(claim, units, reading.title, asked))
            found.append((place.support - 0.02 * size + 0.05 * _n_facts(claim, units), -size, -start, place))
    found.sort(key=lambda ranked: ranked[:3], reverse=True)
    return [ranked[3] for ranked in found[:PLACES]]


def _n_facts(claim: Claim, units: Sequence[Unit]) -> int:
    stated = [fact for unit in units for fact in unit.facts()]
    return sum(any(carries(s, fact) for s in stated) for fact in claim.unit.facts())


def _support(claim: Claim, units: Sequence[Unit], title: Unit, asked: Unit) -> float:
    """The share of the claim's words that stand here; a word the customer brought weighs half when it does not."""
    here = title.words().union(*(unit.words() for unit in units))
    given = asked.words() if claim.words - asked.words() else frozenset[str]()
    carried = len(claim.words & here)
    missing = sum(ASKED if word in given else 1.0 for word in claim.words - here)
    facts = len(claim.unit.facts())
    carried += _n_facts(claim, (*units, title)) if facts else 0
    return carried / (carried + missing) if carried else 0.0


def _refusal(claim: Claim, place: Place, reading: Reading, readings: Sequence[Reading], asked: Unit) -> str:
    """Why this place does not carry the claim; empty when it does."""
    aligned = _aligned(claim.unit, place, reading)
    return (
        _missing_fact(claim.unit, place, reading)
        or _missing_name(claim.unit, reading)
        or _too_few_words(claim, place, asked)
        or _mixed_up(claim.unit, place, readings)
        or _turned(claim.unit, aligned)
        or _opposite(claim.unit, aligned)
        or _other_thing(aligned)
        or _slip(claim.unit, place, asked)
        or _replaced(claim.unit, place, reading, asked)
        or _dropped_condition(claim.unit, aligned, asked)
        or _promised_more(claim.unit, aligned, asked, reading.title)
        or _other_payer(claim.unit, aligned)
        or _answer_conflict(claim, place.units, reading, asked)
    )


# ── facts and names ──


def _missing_fact(unit: Unit, place: Place, reading: Reading) -> str:
    stated = [fact for one in (*place.units, reading.title) for fact in one.facts()]
    for fact in unit.facts():
        if not any(carries(one, fact) for one in stated):
            kind = {"range": "number", "rate": "number", "currency": "name", "place": "name", "month": "date"}
            return f"{kind.get(fact.kind, fact.kind)}: {fact.shown}"
    return ""


def _missing_name(unit: Unit, reading: Reading) -> str:
    """A name the passage does not have, or a thing of the trade that nobody mentioned."""
    for name in unit.names:
        if name.is_opening and (name.shown.lower() in lexicon.STARTS or name.word in _known_openings()):
            continue
        if not _stands_in(name, reading):
            return f"name: {name.shown}"
    return ""


def _stands_in(name: Name, reading: Reading) -> bool:
    parts = [name.shown.lower().replace("-", ""), name.word, *name.shown.lower().split("-")]
    return any(part in reading.vocabulary for part in parts[:2]) or (
        len(parts) > 3 and all(part in reading.vocabulary for part in parts[2:])
    )


@lru_cache(maxsize=1)
def _known_openings() -> frozenset[str]:
    return frozenset(map(lexicon.canonical, lexicon.STARTS))


def _too_few_words(claim: Claim, place: Place, asked: Unit) -> str:
    is_chinese = any("\u3400" <= c <= "\u9fff" for c in claim.unit.text)
    enough = ENOUGH_CHINESE if is_chinese else ENOUGH
    if asked.words() and not claim.words - asked.words() and not claim.unit.facts():
        enough = ENOUGH_ECHO
    has_claim = any(_shared(claim.unit, one) for one in place.units if not one.is_question)
    return "" if place.support >= enough and has_claim else f"words: {place.support:.2f}"


def _shared(unit: Unit, other: Unit) -> bool:
    return bool(unit.words() & other.words()) or any(carries(s, f) for s in other.facts() for f in unit.facts())


# ── the right fact for the right thing ──


def _mixed_up(unit: Unit, place: Place, readings: Sequence[Reading]) -> str:
    """A fact that stands beside other words, while the claim's words stand beside another fact of its kind."""
    for clause in unit.clauses:
        for fact, near in zip(clause.facts, clause.near, strict=True):
            if fact.dimension in _COMPARED and _is_beaten(fact, _context(fact, near, clause, unit), place, readings):
                return f"number: {fact.shown}" if fact.kind in ("number", "range") else f"{fact.kind}: {fact.shown}"
    return ""


def _context(fact: Fact, near: frozenset[str], clause: Clause, unit: Unit) -> frozenset[str]:
    """What the draft says of this fact: its clause, or the whole sentence when the clause says next to nothing."""
    said = near - {pseudo(fact)}
    return said if len(said) > 1 else frozenset(unit.order()) - {pseudo(fact)}


def _is_beaten(fact: Fact, context: frozenset[str], place: Place, readings: Sequence[Reading]) -> bool:
    mine = [near & context for near, stated in _beside(place.units) if carries(stated, fact)]
    if not mine:
        return False
    here = [near & context for near, stated in _beside(place.units) if _competes(stated, fact)]
    everywhere = [unit for reading in readings for unit in reading.units]
    far = [near & context for near, stated in _beside(everywhere) if _competes(stated, fact)]
    return all(
        any(_weight(rival - own) >= max(1, _weight(own - rival)) for rival in here if fact.kind != "weekday")
        or any(rival > own for rival in far)
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


@dataclass(frozen=True, slots=True)
class Match:
    """A clause of the draft, and the passage clauses its words come from, the fullest first."""

    clause: Clause
    sources: tuple[Clause, ...]
    units: tuple[Unit, ...]


def _aligned(unit: Unit, place: Place, reading: Reading) -> list[Match]:
    return [_match(clause, place, reading) for clause in unit.clauses if clause.words or clause.facts]


def _match(clause: Clause, place: Place, reading: Reading) -> Match:
    """Greedy cover: the passage clause that shares most, then those that add words; a far one must share two."""
    near = [(source, unit) for unit in place.units for source in unit.everything]
    far = [(source, unit) for unit in reading.units if unit not in place.units for source in unit.everything]
    wanted = _wanted(clause)
    left, sources, units = set(wanted), [], []
    for pool, least in ((near, 1), (far, 2)):
        pool = [(source, unit) for source, unit in pool if not unit.is_question]
        while left and pool:
            source, unit = max(pool, key=lambda pair: _fit(pair[0], clause, left))
            offered = _offered(source, clause)
            if not left & offered or len(wanted & offered) < least:
                break
            if least == 2 and source.is_negative == clause.is_negative:
                pool.remove((source, unit))
                continue
            left -= offered
            sources.append(source)
            units.append(unit)
    if left and reading.title.words() & left and not sources:
        sources, units = list(reading.title.clauses), [reading.title]
    elif left and reading.title.words() & left:
        sources += [c for c in reading.title.clauses if c.is_negative and reading.title.is_question and c.words & left]
    return Match(clause, tuple(sources), tuple(dict.fromkeys(units)))


def _fit(source: Clause, clause: Clause, left: set[str]) -> tuple[int, int, int, int]:
    """How well a passage clause fits: new words, words in all, the same before and after, little else."""
    offered = _offered(source, clause)
    return len(left & offered), len(offered & _wanted(clause)), len(source.turns & clause.turns), -len(source.words)


def _wanted(clause: Clause) -> frozenset[str]:
    return clause.words | {pseudo(fact) for fact in clause.facts}


def _offered(source: Clause, clause: Clause) -> frozenset[str]:
    return source.words | {pseudo(f) for f in clause.facts if any(carries(s, f) for s in source.facts)}


def _turned(unit: Unit, aligned: Sequence[Match]) -> str:
    denying = [source for match in aligned if match.clause.is_negative for source in match.sources]
    for match in aligned:
        clause = match.clause
        # "Once dispatched, it cannot …" takes its opening from the sentence that also carries the denial.
        sources = [s for s in match.sources if not (clause.is_subordinate and s in denying)]
        if clause.is_negative and not _is_denied(match):
            return "negation"
        if not clause.is_negative and any(_is_refuted(clause, source) for source in sources):
            return "negation"
        if any(_is_shaded_otherwise(clause, source) or _counts_otherwise(clause, source) for source in sources):
            return "negation"
        if any(one.order() == unit.order() and _negations(one) != _negations(unit) for one in match.units):
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
    carried = frozenset().union(*(source.words for source in negative))
    whole = [s for s in match.sources if not s.is_negative and s.predicate]
    if any(len(s.words & match.clause.words) > len(carried & match.clause.words) for s in whole):
        return False
    positive = frozenset().union(*(s.words for s in match.sources if not s.is_negative)) - carried
    return not match.clause.heads & positive


def _is_refuted(clause: Clause, source: Clause) -> bool:
    """A positive clause must take no word from a negative source."""
    return source.is_negative and bool(clause.words & source.words or clause.facts)


def _is_shaded_otherwise(clause: Clause, source: Clause) -> bool:
    both = clause.words & source.words
    return clause.shaded & both != source.shaded & both


def _opposite(unit: Unit, aligned: Sequence[Match]) -> str:
    """ "before" where the passage says "after", "opened" where it says "unopened"."""
    for match in aligned:
        words = frozenset().union(*(source.turns | source.words for source in match.sources))
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
    return frozenset().union(*pairs, prefixed, {b for b in bare if len(b) > 2 or not b.isascii()}) - {word}


# ── one word for another ──

NEAR = 0.8  # of the words alike: a copy, in which every difference counts


def _slip(unit: Unit, place: Place, asked: Unit) -> str:
    """A near copy that differs in a word that matters: a negation, a direction, a unit, a thing, or any one word."""
    for other in place.units:
        alike = (Counter(unit.forms) & Counter(other.forms)).total()
        if alike < NEAR * max(len(unit.forms), len(other.forms)):
            continue
        added, lost = _kinds(unit.forms), _kinds(other.forms)
        for kind in added.keys() | lost.keys():
            more, less = added[kind] - lost[kind], lost[kind] - added[kind]
            if kind == "negation" and (more or less):
                return "negation"
            if more and (less or kind == "direction"):
                return f"{'negation' if kind == 'direction' else 'name'}: {min(more)}"
    return ""


def _kinds(forms: Sequence[str]) -> defaultdict[str, Counter[str]]:
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for form in forms:
        kind = _kind(form)
        if kind:
            kinds[kind[0]][kind[1]] += 1
    return kinds


@lru_cache(maxsize=4096)
def _kind(form: str) -> tuple[str, str] | None:
    """What a word of a near copy matters for, and the form under which it is compared."""
    if form in lexicon.NEGATORS or form in "不没未无非勿":
        return "negation", "not"
    if form in lexicon.DIRECTIONS:
        return "direction", lexicon.DIRECTIONS[form]
    if form in measures.UNITS:
        return "unit", "".join(map(str, measures.UNITS[form]))
    if form in lexicon.STOP or form.startswith("#") or form in lexicon.CHINESE_STOP or not form.isalpha():
        return None
    return "word", lexicon.canonical(form)


def _replaced(unit: Unit, place: Place, reading: Reading, asked: Unit) -> str:
    """The same sentence but for one word, or a thing of the trade in another's stead."""
    here = reading.title.words().union(*(one.words() for one in place.units))
    strange = unit.words() - here
    for word in strange & lexicon.things():
        if word not in asked.words() or here & lexicon.things():
            return f"name: {word}"
    for other in place.units:
        for mine, theirs in (
            (unit.order(), other.order()),
            *((c.order, d.order) for c in unit.clauses for d in other.clauses),
        ):
            swapped = _one_swap(mine, theirs)
            if (
                swapped
                and not _is_loose(mine, theirs)
                and not other.words() & set(swapped)
                and not (asked.words() & strange).issuperset(swapped)
            ):
                return f"name: {' '.join(swapped)}"
    return _chinese_thing(unit, place, reading)


def _other_thing(aligned: Sequence[Match]) -> str:
    """What a passage says of one thing or country is not said of another."""
    for match in aligned:
        mine = _named(match.clause)
        for source in match.sources:
            theirs = _named(source)
            if mine and theirs and not mine & theirs:
                return f"name: {min(mine).removeprefix('#')}"
    return ""


def _named(clause: Clause) -> frozenset[str]:
    return clause.words & lexicon.things() | {pseudo(fact) for fact in clause.facts if fact.kind == "place"}


def _one_swap(mine: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    """What differs when two runs agree at both ends but for one short piece."""
    start = 0
    while start < min(len(mine), len(theirs)) and mine[start] == theirs[start]:
        start += 1
    end = 0
    while end < min(len(mine), len(theirs)) - start and mine[-1 - end] == theirs[-1 - end]:
        end += 1
    middle, other = mine[start : len(mine) - end], theirs[start : len(theirs) - end]
    is_near_copy = start + end >= max(2, 2 * len(middle)) and 0 < len(other) <= len(middle) + 1
    return tuple(middle) if is_near_copy else ()


def _is_loose(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """ "You can pay with PayPal" and "we accept PayPal"."""
    differing = set(mine) ^ set(theirs)
    return any(differing <= words for words in lexicon.LOOSE)


def _chinese_thing(unit: Unit, place: Place, reading: Reading) -> str:
    text = "".join(one.text for one in (*place.units, reading.title))
    for thing in lexicon.CHINESE_THINGS:
        if thing in unit.text and thing not in text and any(other in text for other in lexicon.CHINESE_THINGS):
            return f"name: {thing}"
    return ""


# ── conditions and promises ──


def _dropped_condition(unit: Unit, aligned: Sequence[Match], asked: Unit) -> str:
    mine = unit.marks()
    for match in aligned:
        for one in match.units:
            if reason := _condition(unit, mine, one, asked):
                return reason
    theirs = frozenset().union(*(one.marks() | _implied(one) for match in aligned for one in match.units))
    added = (mine & {"only", "unless", "except"}) - theirs
    return f"condition: {min(added)}" if added else ""


def _implied(unit: Unit) -> frozenset[str]:
    """What else says as much: "cannot … if" is "unless"; "excluded" is "except"."""
    is_negative = any(clause.is_negative for clause in unit.everything)
    return frozenset({"except"} if is_negative else ()) | frozenset(
        {"unless"} if is_negative and "if" in unit.marks() else ()
    )


def _condition(unit: Unit, mine: frozenset[str], source: Unit, asked: Unit) -> str:
    """The condition of `source` that the draft leaves out."""
    said = unit.words() | asked.words()
    for clause in source.clauses:
        for mark in clause.marks - mine:
            if mark == "if" and (mine & {"only", "unless"} or len(clause.words & said) * 2 >= len(clause.words)):
                continue
            if mark == "except" and any(one.is_negative and one.words & clause.words for one in unit.clauses):
                continue
            if mark == "if" and _is_elsewhere(clause, source, unit):
                continue
            if mark == "only" and _is_other_part(clause, source, unit):
                continue
            return f"condition: {mark}"
    return ""


def _is_elsewhere(clause: Clause, source: Unit, unit: Unit) -> bool:
    """The condition belongs to the last of several parts ("costs €5 and arrives tomorrow if …"), and that is left out."""
    place = source.clauses.index(clause)
    governed = source.clauses[place - 1] if place else None
    return governed is not None and bool(governed.tail) and not governed.tail & frozenset(unit.order())


def _is_other_part(clause: Clause, source: Unit, unit: Unit) -> bool:
    """ "only" in a clause from which the draft takes nothing."""
    return len(source.clauses) > 1 and not clause.words & unit.words()


def _promised_more(unit: Unit, aligned: Sequence[Match], asked: Unit, title: Unit) -> str:
    for match in aligned:
        certain = frozenset().union(*(one.certain() for one in match.units))
        modes = frozenset().union(*(source.modes for source in match.sources))
        is_open = match.clause.is_negative or "if" in match.clause.marks
        over = match.clause.certain - certain - ({"any", "all"} if is_open else set())
        if over and not ({"any", "all"} & over and {"any", "all"} & certain and len(over) == 1):
            return f"certainty: {min(over)}"
        if "free" in match.clause.certain and (limit := _limit_of_free(unit, match, asked, title)):
            return f"condition: {limit}"
        if "must" in match.clause.modes and "must" not in modes and "may" in modes:
            return "certainty: must"
        if "will" in match.clause.modes - modes and "perhaps" in modes:
            return "certainty: will"
    return ""


def _limit_of_free(unit: Unit, match: Match, asked: Unit, title: Unit) -> str:
    """What is free for some is not free for all: "orders over €75", "in our stores"."""
    said = unit.words() | asked.words() | title.words()
    facts = (*unit.facts(), *asked.facts(), *title.facts())
    for source in match.sources:
        if "free" not in source.certain:
            continue
        for fact in source.facts:
            if fact.bound and not any(carries(fact, one) for one in facts):
                return fact.shown
        left = source.words - said
        if len(left) * 4 > len(source.words):
            return min(left)
    return ""


def _other_payer(unit: Unit, aligned: Sequence[Match]) -> str:
    """ "We pay" where the passage says "the customer pays"."""
    bearing = {lexicon.canonical(word) for word in lexicon.BEARING}
    for match in aligned:
        if not match.clause.words & bearing or len(match.clause.roles) != 1:
            continue
        for source in match.sources:
            if len(source.roles) == 1 and source.roles != match.clause.roles and source.words & bearing:
                return f"name: {min(match.clause.roles)}"
    return ""


def _answer_conflict(claim: Claim, place: Sequence[Unit], reading: Reading, asked: Unit) -> str:
    """ "Yes," before a denial, "No," before a promise, or either about something the passage does not speak of."""
    if claim.yes is None:
        return ""
    if any(one.answer is (not claim.yes) for one in place):
        return _yes_or_no(claim)
    is_negative = any(clause.is_negative for clause in claim.unit.clauses[:1])
    has_limit = any(
        clause.is_negative or clause.marks or clause.certain or clause.shaded for clause in claim.unit.clauses
    )
    asks_negatively = any(clause.is_negative for clause in asked.clauses)
    if (claim.yes and is_negative and not asks_negatively) or (not claim.yes and not has_limit):
        return _yes_or_no(claim)
    about = reading.title.words().union(*(one.words() for one in reading.units))
    if asked.words() and len(asked.words() & about) * 2 < len(asked.words()):
        return _yes_or_no(claim)
    return ""
