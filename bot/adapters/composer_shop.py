"""Rows about everyday shop business, made from `bot/models/shop_talk.txt`: short questions, several facts an entry.

Every fact of an entry answers another question about the same thing, so the words they share do not tell which
sentence answers; and the same question is answered otherwise by another shop, so nothing can be learned by heart.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bot.adapters.composer_rows import Row
from bot.prompt import Turn

SHOP_TALK = Path(__file__).parents[1] / "models" / "shop_talk.txt"
SOURCE = "shop_talk"

_SLOT = re.compile(r"\{([a-zA-Z]+)\d*\}")
_NUMBERS = {
    "days": (2, 60), "hours": (2, 72), "weeks": (2, 12), "months": (2, 24), "years": (2, 10), "minutes": (5, 90),
    "n": (2, 20), "age": (3, 18), "cm": (10, 190), "kg": (2, 150), "grams": (90, 950),
}  # fmt: skip
_WORDS = {
    name: words.split(", ")
    for name, words in {
        "item": "jacket, lamp, kettle, scooter, tent, backpack, pair of boots, coffee machine, watch, speaker, bike",
        "items": "earphones, swimsuits, mattresses, boots, gloves, shirts, helmets, sofas, razors, trousers, wardrobes",
        "carrier": "DHL, UPS, the courier, our carrier, GLS, the post office, Hermes",
        "country": "Ireland, Sweden, Poland, Portugal, Italy, Denmark, Belgium, Spain, Finland, Austria, Norway",
        "pay": "PayPal, Apple Pay, Klarna, Google Pay, iDEAL, Twint",
        "menu": "Orders, My account > Settings, Profile, My orders > Details, Account > Overview, Help, Service",
        "button": "Forgotten password, Send me a link, Notify me, Tell me, Remind me",
        "city": "Leeds, Utrecht, Graz, Porto, Gdansk, Malmö, Bruges, Cork, Turin",
        "street": "12 Mill Lane, 7 Harbour Street, 140 Station Road, Long Row 3, 29 Market Square",
        "brand": "Nordal, Kestrel, Vireo, Tamsin, Orlo, Brightmoor, Cascade",
        "part": "chest, waist, foot, head, inside leg, hips",
        "size": "36, 38, 40, 42, 44",
        "stuff": "lukewarm water, a little vinegar, mild soap, a soft brush",
        "degrees": "30, 40, 60",
        "material": "cotton, stainless steel, oak, recycled polyester, merino wool, bamboo, full-grain leather",
        "colour": "black, olive, navy, red, sand, light grey, mustard",
        "allergen": "nuts, gluten, lactose, soy, nickel, latex",
        "day": "5th, 10th, 15th, 20th, 25th",
        "date": "3 March, 18 August, 1 December, 27 May, 9 October",
        "percent": "5%, 10%, 12%, 15%, 20%, 25%, 30%",
        "email": "help@nordal.example, care@shop.example, service@kestrel.example, returns@vireo.example",
        "phone": "020 7946 0182, 0800 555 0199, +49 30 901820, 01632 960 455",
    }.items()
}
_NAMES = {
    word for kind in ("carrier", "country", "pay", "city", "brand") for name in _WORDS[kind] for word in name.split()
}


@dataclass(slots=True)
class Fact:
    """One thing a shop says: its wordings, and the questions it answers ("" for those not asked with yes or no)."""

    wordings: list[str]
    asks: dict[str, list[str]] = field(default_factory=lambda: {"": [], "Yes": [], "No": []})


@dataclass(slots=True)
class Topic:
    name: str
    titles: list[str] = field(default_factory=list)
    facts: list[list[Fact]] = field(default_factory=list)  # of each inner list, one shop says one


def parse(text: str) -> list[Topic]:
    topics: list[Topic] = []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        parts = [part.strip() for part in rest.split(" / ")]
        if mark == "=":
            topics.append(Topic(rest))
        elif mark == "t":
            topics[-1].titles = parts
        elif mark == "s":
            topics[-1].facts.append([Fact(parts)])
        elif mark == "|":
            topics[-1].facts[-1].append(Fact(parts))
        elif mark in ("q", "y", "n"):
            topics[-1].facts[-1][-1].asks[{"q": "", "y": "Yes", "n": "No"}[mark]] += parts
    return topics


@cache
def topics() -> Sequence[Topic]:
    return tuple(parse(SHOP_TALK.read_text(encoding="utf-8")))


def shop_row(rng: random.Random, handoff_share: float = 0.0) -> Row:
    """A question about one fact of an entry (now and then two), the entry, and perhaps another entry beside it."""
    topic, values = rng.choice(topics()), dict[str, str]()
    facts = [rng.choice(ones) for ones in rng.sample(topic.facts, rng.randint(2, min(6, len(topic.facts))))]
    said = [fill(rng.choice(fact.wordings), values, rng) for fact in facts]
    title = fill(rng.choice(topic.titles), values, rng)
    asked = rng.sample(range(len(facts)), 2 if len(facts) > 2 and rng.random() < 0.06 else 1)
    turns = [_turn(facts[n], said[n], values, rng, may_lead=len(asked) == 1) for n in asked]
    question = " And ".join([turns[0][0], *(ask[:1].lower() + ask[1:] for ask, _ in turns[1:])])
    answer = " ".join(reply for _, reply in turns)
    answerable = rng.random() >= handoff_share
    if not answerable:
        said = [one for n, one in enumerate(said) if n not in asked]
    beside = [_entry(rng, values)] if rng.random() < 0.3 else []
    return Row(
        question, ((title, rng.choice([" ", " ", " ", "\n", "\n"]).join(said)), *beside), _before(topic, rng, values),
        answer if answerable else "<handoff>", answerable, SOURCE, "shop",
    )  # fmt: skip


def _turn(fact: Fact, said: str, values: dict[str, str], rng: random.Random, *, may_lead: bool) -> tuple[str, str]:
    lead, question = _ask(fact, values, rng)
    # Not every "Yes" must be said: the sentence itself answers too.
    if not lead or not may_lead or rng.random() < 0.4:
        return question, said
    return question, f"{lead}. {said}" if rng.random() < 0.5 else f"{lead}, {_within(said)}"


def _ask(fact: Fact, values: dict[str, str], rng: random.Random) -> tuple[str, str]:
    """What the answer begins with, and a question."""
    every = [(lead, ask) for lead, asks in fact.asks.items() for ask in asks]
    lead, ask = rng.choice(every)
    question = fill(ask, values, rng)
    return lead, question[0].upper() + question[1:] + "?"


def _within(said: str) -> str:
    """As it is written after a comma; a name keeps its capital."""
    return said if said.split()[0] in _NAMES else said[0].lower() + said[1:]


def _entry(rng: random.Random, values: dict[str, str]) -> tuple[str, str]:
    topic = rng.choice(topics())
    facts = [rng.choice(ones) for ones in rng.sample(topic.facts, rng.randint(1, min(4, len(topic.facts))))]
    return fill(rng.choice(topic.titles), values, rng), " ".join(
        fill(rng.choice(f.wordings), values, rng) for f in facts
    )


def _before(topic: Topic, rng: random.Random, values: dict[str, str]) -> tuple[Turn, ...]:
    """Now and then something was said before: another question of the same topic, with its answer."""
    if rng.random() >= 0.12:
        return ()
    fact = rng.choice(rng.choice(topic.facts))
    _, question = _ask(fact, values, rng)
    return Turn(True, question), Turn(False, fill(rng.choice(fact.wordings), values, rng))


def fill(template: str, values: dict[str, str], rng: random.Random) -> str:
    """Names in braces → values; what was filled in once stays the same, and different names never share a value."""

    def value(match: re.Match[str]) -> str:
        name = match[0][1:-1]
        if name[0].isupper():
            found = values.setdefault(name.lower(), _draw(match[1].lower(), values, rng))
            return found[0].upper() + found[1:]
        return values.setdefault(name, _draw(match[1], values, rng))

    text = _SLOT.sub(value, template)
    return text[:1].upper() + text[1:] if template[:1] == "{" else text


def _draw(kind: str, values: Mapping[str, str], rng: random.Random) -> str:
    for _ in range(20):
        found = _any(kind, rng)
        if found not in values.values():
            break
    return found


def _any(kind: str, rng: random.Random) -> str:
    if kind in _WORDS:
        return rng.choice(_WORDS[kind])
    if kind in _NUMBERS:
        return str(rng.randint(*_NUMBERS[kind]))
    if kind in ("time", "closing"):
        hour = rng.randint(7, 11) if kind == "time" else rng.randint(4, 10)
        half = "am" if kind == "time" else "pm"
        return rng.choice([f"{hour} {half}", f"{hour + 12 * (half == 'pm')}:{rng.choice(['00', '30'])}"])
    if kind in ("price", "amount"):
        number = rng.randint(2, 40) if kind == "price" else 5 * rng.randint(4, 60)
        cents = rng.choice(["", ".90", ".50", ".95"]) if kind == "price" else ""
        return rng.choice(["€{}", "${}", "£{}", "{} euros"]).format(f"{number}{cents}")
    raise ValueError(f"shop_talk.txt names {{{kind}}}, and nothing fills it in")
