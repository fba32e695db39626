"""A generator that lies on purpose behind the real pipeline: what a customer reads stands in the cited passage.

`python -m tests.bench.lying` asks 300 questions and prints what became of each kind of lie.
"""

import asyncio
import random
from dataclasses import replace

import pytest

from bot.conversation import Evidence
from bot.knowledge import Citation
from bot.reply import Outcome
from bot.settings import Settings
from tests.bench.lying import HashedWords, Trial, trial
from tests.lying import Lie, falsified, judged


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    settings = Settings(data_dir=tmp_path_factory.mktemp("lying"), database_url="")
    return asyncio.run(trial(settings, 60, HashedWords()))


def test_no_lie_reaches_a_customer(found: Trial) -> None:
    print("", *found.table(), sep="\n")
    assert not found.slips


def test_it_lied_in_many_ways_and_true_beginnings_were_kept(found: Trial) -> None:
    assert len(found.liar.lies) >= 100
    assert len({lie.kind for lie in found.liar.lies}) >= 8
    assert any(outcome.source == "generated" for outcome in found.outcomes)


def test_the_guard_alone_lets_few_lies_pass_and_none_with_another_figure(found: Trial) -> None:
    assert len(found.passed) * 10 <= len(found.liar.lies)
    assert not [lie for lie in found.passed if lie.kind in ("number", "unit", "name", "link", "foreign")]


# ── the judge itself ──

TRUE = "You can return tents within 30 days."
CITED = (Citation(1, "d", "p", "Returns", TRUE, "", 1.0),)
SENT = Outcome(TRUE, "generated", CITED, evidence=Evidence("q", "", "", ""))
LIE = Lie("You can return tents within 60 days.", TRUE, "number", (f"Returns\n{TRUE}",), "q")


def test_the_judge_passes_what_the_passage_says() -> None:
    assert judged(SENT, [LIE], [f"Returns\n{TRUE}"]) == []


def test_the_judge_sees_a_lie_and_what_stands_nowhere() -> None:
    lied = replace(SENT, text=f"{TRUE} {LIE.said}")
    assert [slip.kind for slip in judged(lied, [LIE], [TRUE])] == ["number"]
    assert [slip.kind for slip in judged(replace(SENT, text="Tents are blue."), [LIE], [TRUE])] == ["unknown"]


def test_each_kind_of_lie_differs_from_what_it_was_made_of() -> None:
    text = ["If you order before 15:00, we may deliver in Belgium within 3 business days.", "Tents cannot be returned."]
    made = list(falsified(text, " ".join(text), random.Random(1)))
    assert {"number", "name", "time", "condition", "negation", "link", "foreign", "splice"} <= {
        kind for kind, *_ in made
    }
    assert all(lie not in text for *_, lie in made)
