from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot import dialogue
from bot.conversation import Conversation, Reason, Status
from bot.dialogue import Answer, Ask, Clarify, HandOff, Hold, Plan, Policy, Reply, Say, Search, Thresholds
from bot.excerpt import Excerpt
from bot.grounding import Verdict
from bot.knowledge import Citation, Hit, Passage
from bot.mood import Heard, Mood

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
POLICY = Policy(Thresholds(0.7, 0.4), Thresholds(0.6, 0.3))
CITED = (Citation(1, "d", "p", "t", "x", "", 1.0),)


def passage(title: str, text: str = "text", language: str = "en") -> Passage:
    return Passage("d", f"d#{title}", title, text, language, "policy" if "›" in title else "faq")


def hits(*scores: float, language: str = "en") -> list[Hit]:
    return [Hit(passage(f"Question {n}?", f"Text {n}.", language), score) for n, score in enumerate(scores)]


def talk(*said: str, cited: bool = True, language: str = "en") -> Conversation:
    """A conversation in which the bot has answered everything but the last message."""
    conversation = Conversation("c1", "mia", "e1", language=language)
    for n, text in enumerate(said):
        conversation = conversation.said(text, sender="mia", cid=str(n), at=AT)
        if n < len(said) - 1:
            answers = conversation.head
            citations = CITED if cited else ()
            conversation = conversation.replied("Answer.", answers=answers, at=AT, citations=citations)
    return conversation


def plan(*said: str, cited: bool = True) -> Plan:
    conversation = talk(*said, cited=cited)
    return dialogue.plan(conversation, conversation.events[-1])


def query(*said: str) -> str:
    planned = plan(*said)
    assert isinstance(planned, Search)
    return planned.parts[0].query


# ── plan ──


@pytest.mark.parametrize("status", [Status.WAITING, Status.AGENT, Status.CLOSED])
def test_the_bot_is_silent_while_it_does_not_have_the_conversation(status: Status) -> None:
    conversation = replace(talk("I want a human"), status=status)
    assert dialogue.plan(conversation, conversation.events[-1]) == Hold()


def test_a_wish_for_a_person_goes_before_everything_else() -> None:
    for text in ("hi, human please", "fuck you, give me an agent", "This is ridiculous, I want to talk to a person"):
        assert plan(text) == HandOff(Reason.ASKED)


def test_small_talk_is_answered_without_a_search() -> None:
    assert plan("thanks") == Say("thanks")
    assert plan("are you a robot?") == Say("robot", offer_person=True)


def test_abuse_is_answered_once_and_then_passed_on() -> None:
    assert plan("you idiot") == Say("abuse", offer_person=True)
    assert plan("you idiot", "fuck off") == HandOff(Reason.ANGRY)
    assert isinstance(plan("where is my fucking order?"), Search)
    assert isinstance(plan("你们这个垃圾机器人到底能不能告诉我怎么退货"), Search)


def test_anger_is_passed_on_at_once() -> None:
    assert plan("This is unacceptable") == HandOff(Reason.ANGRY)


def test_danger_goes_before_everything_else_even_a_wish_for_a_person() -> None:
    assert plan("I want to kill myself, let me talk to a person") == HandOff(Reason.SELF_HARM)
    assert plan("我不想活了，转人工") == HandOff(Reason.SELF_HARM)


def test_a_threat_with_the_law_goes_to_a_person_by_its_own_reason() -> None:
    assert plan("You will hear from my lawyer") == HandOff(Reason.LEGAL)
    assert plan("我要打12315") == HandOff(Reason.LEGAL)


def test_a_complaint_goes_to_a_person_and_how_to_complain_to_the_pages_first() -> None:
    assert plan("I want to make a complaint") == HandOff(Reason.COMPLAINT)
    asked = plan("How do I make a complaint?")
    assert isinstance(asked, Search)
    assert asked.otherwise is Reason.COMPLAINT


# ── heed ──


def heed(heard: Heard | None, *said: str) -> Plan:
    conversation = talk(*said)
    question = conversation.events[-1]
    planned = dialogue.plan(conversation, question)
    assert isinstance(planned, Search)
    return dialogue.heed(planned, heard, conversation, question)


def otherwise(heard: Heard | None, *said: str) -> Reason:
    planned = heed(heard, *said)
    assert isinstance(planned, Search)
    return planned.otherwise


def test_where_no_mood_is_heard_the_plan_stands() -> None:
    assert otherwise(None, "Where is my order?") is Reason.NO_ANSWER


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood is not Mood.ABUSE])
def test_a_certain_mood_goes_to_a_person_by_the_reason_of_its_name(mood: Mood) -> None:
    assert heed(Heard(mood), "my parcel again, the third time") == HandOff(Reason(mood.value))


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood is not Mood.ABUSE])
def test_in_an_uncertain_mood_the_pages_are_asked_first(mood: Mood) -> None:
    assert otherwise(Heard(mood, is_certain=False), "my parcel again, the third time") is Reason(mood.value)


@pytest.mark.parametrize("text", ["How do I cancel all my orders?", "hello, where can I complain", "怎么注销所有订单"])
@pytest.mark.parametrize("mood", [Mood.CANCEL, Mood.COMPLAINT])
def test_a_complaint_or_cancellation_that_is_a_question_is_for_the_pages_first(text: str, mood: Mood) -> None:
    assert otherwise(Heard(mood), text) is Reason(mood.value)


def test_a_question_in_another_mood_still_goes_to_a_person() -> None:
    assert heed(Heard(Mood.ANGRY), "how can you treat people like this") == HandOff(Reason.ANGRY)
    assert heed(Heard(Mood.ASKED), "who is there") == HandOff(Reason.ASKED)


def test_abuse_that_is_heard_is_answered_once_and_then_passed_on() -> None:
    abused = Heard(Mood.ABUSE)
    assert heed(abused, "you are a brick") == Say("abuse", offer_person=True)
    assert heed(abused, "you idiot", "you are a brick") == HandOff(Reason.ANGRY)
    assert otherwise(abused, "where is my parcel, you brick?") is Reason.NO_ANSWER
    assert otherwise(Heard(Mood.ABUSE, is_certain=False), "you are a brick") is Reason.NO_ANSWER


def test_abuse_in_other_words_is_repeated_once_a_person_was_offered() -> None:
    conversation = Conversation("c1", "mia", "e1").said("you are a brick", sender="mia", cid="1", at=AT)
    conversation = conversation.replied(
        "Sorry.", answers=1, at=AT, options=("Talk to a person",), data={"source": "canned"}
    )
    conversation = conversation.said("a dull brick at that", sender="mia", cid="2", at=AT)
    question = conversation.events[-1]
    planned = dialogue.plan(conversation, question)
    assert isinstance(planned, Search)
    assert dialogue.heed(planned, Heard(Mood.ABUSE), conversation, question) == HandOff(Reason.ANGRY)


# ── plan, again ──


def test_the_same_words_after_a_cited_answer_mean_it_did_not_help() -> None:
    assert plan("Where is my order?", "where is MY order") == HandOff(Reason.REPEATED)
    assert plan("How do I return it to you by post?", "How do I return it to you by post?!") == HandOff(Reason.REPEATED)


def test_the_same_words_after_an_uncited_answer_are_searched_again() -> None:
    assert isinstance(plan("Where is my order?", "Where is my order?", cited=False), Search)
    assert plan("Do you ship tents?", "how much?", "how much?") == HandOff(Reason.REPEATED)


def test_an_elliptical_question_may_be_repeated_for_it_asks_something_new() -> None:
    said = ("Do you ship tents?", "how much?", "Do you ship boots to Norway?", "how much?")
    assert isinstance(plan(*said), Search)


def test_a_repetition_is_forgotten_after_a_few_turns() -> None:
    between = [f"What about product number {n} in the catalogue?" for n in range(4)]
    assert isinstance(plan("Where is my order?", *between, "Where is my order?"), Search)


def test_a_question_of_before_a_person_had_it_does_not_count_as_asked() -> None:
    again = talk("Where is my order?", "thanks").claimed("Ana", at=AT).returned(at=AT)
    again = again.said("Where is my order?", sender="mia", cid="x", at=AT)
    assert isinstance(dialogue.plan(again, again.events[-1]), Search)


def test_what_is_searched_is_the_question_without_its_greeting() -> None:
    assert plan("Hello! How do I return a tent?") == Search(
        (Ask("How do I return a tent?", "How do I return a tent?"),), "en"
    )


def test_a_follow_up_is_searched_with_the_question_it_leans_on() -> None:
    assert query("Hi, how do I return a tent?", "and boots?") == "how do I return a tent? and boots?"
    assert query("How do I return a tent?", "and boots?", "and hats?") == "How do I return a tent? and hats?"
    assert query("How do I return a tent?", "thanks", "and boots?") == "How do I return a tent? and boots?"
    assert query("帐篷怎么退货", "那鞋子呢") == "帐篷怎么退货 那鞋子呢"


def test_a_follow_up_with_nothing_before_it_is_searched_as_it_is() -> None:
    assert query("and boots?") == "and boots?"
    assert query("hello", "and boots?") == "and boots?"


def test_a_question_that_stands_alone_is_not_mixed_with_the_one_before() -> None:
    assert query("How do I return a tent?", "Where is my order?") == "Where is my order?"
    assert query("帐篷保修多久", "怎么退货") == "怎么退货"


def test_several_questions_are_searched_apart() -> None:
    planned = plan("Hi! How do I return a tent? Do you ship to Norway?")
    assert isinstance(planned, Search)
    assert [part.question for part in planned.parts] == ["How do I return a tent?", "Do you ship to Norway?"]


@pytest.mark.parametrize(("text", "language"), [("退货要多久？", "zh"), ("tent 退货要多久", "zh"), ("refund?", "en")])
def test_the_language_is_the_messages_own(text: str, language: str) -> None:
    planned = plan(text)
    assert isinstance(planned, Search)
    assert planned.language == language


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_message_without_letters_keeps_the_conversations_language(language: str) -> None:
    conversation = talk("1234567", language=language)
    planned = dialogue.plan(conversation, conversation.events[-1])
    assert isinstance(planned, Search)
    assert planned.language == language


def test_the_longest_messages_are_planned_in_time() -> None:
    for unit in ("talk ", "a? ", "为什么", "and it ", "\u0301"):
        assert plan((unit * 4_000)[:3_999] + "x")


# ── decide ──


def test_two_thresholds_part_answers_offers_and_hand_offs() -> None:
    found = hits(0.9)
    assert dialogue.decide(found, 0.7, "en", POLICY) == Answer(tuple(found))
    assert isinstance(dialogue.decide(found, 0.699, "en", POLICY), Clarify)
    assert isinstance(dialogue.decide(found, 0.4, "en", POLICY), Clarify)
    assert dialogue.decide(found, 0.399, "en", POLICY) == HandOff(Reason.NO_ANSWER)
    assert dialogue.decide([], 1.0, "en", POLICY) == HandOff(Reason.NO_ANSWER)


def test_each_language_has_its_own_thresholds() -> None:
    assert isinstance(dialogue.decide(hits(0.9), 0.65, "zh", POLICY), Answer)
    assert isinstance(dialogue.decide(hits(0.9), 0.65, "en", POLICY), Clarify)
    assert isinstance(dialogue.decide(hits(0.9), 0.65, "fr", POLICY), Clarify)


def test_further_passages_answer_only_close_behind_the_best() -> None:
    policy = replace(POLICY, passages=3)
    answer = dialogue.decide(hits(1.0, 0.75, 0.74, 0.9), 1.0, "en", policy)
    assert isinstance(answer, Answer)
    assert [hit.score for hit in answer.hits] == [1.0, 0.75]  # the third is too far off, the fourth one too many
    assert len(dialogue.decide(hits(1.0, 0.99), 1.0, "en", replace(POLICY, passages=1)).hits) == 1  # type: ignore[union-attr]


def test_passages_of_another_language_do_not_mix_into_an_answer() -> None:
    answer = dialogue.decide([*hits(1.0), *hits(0.99, language="zh")], 1.0, "en", POLICY)
    assert isinstance(answer, Answer)
    assert len(answer.hits) == 1


@pytest.mark.parametrize("best", [0.0, -0.5, -11.0])
def test_the_best_hit_answers_even_when_scores_are_negative(best: float) -> None:
    answer = dialogue.decide(hits(best, best - 1), 0.9, "en", POLICY)
    assert isinstance(answer, Answer)
    assert answer.hits[0].score == best


def test_options_are_few_different_and_readable() -> None:
    found = [
        Hit(passage("Returns › Electronics"), 0.5),
        Hit(passage("Ship?"), 0.5),
        Hit(passage("Ship?"), 0.5),
        Hit(passage("运费？", language="zh"), 0.5),
        Hit(passage("Pay?"), 0.4),
        Hit(passage("Lost?"), 0.4),
    ]
    decision = dialogue.decide(found, 0.5, "en", POLICY)
    assert isinstance(decision, Clarify)
    assert decision.options == ("Electronics", "Ship?", "Pay?")
    assert decision.hits == tuple(found)


def test_options_in_another_language_are_better_than_none() -> None:
    decision = dialogue.decide(hits(0.5), 0.5, "zh", POLICY)
    assert isinstance(decision, Clarify)
    assert decision.options == ("Question 0?",)


# ── settle ──


def carried(sentence: str, on: int | None = 0) -> Verdict:
    return Verdict(sentence, True, on)


REFUSED = Verdict("Returns cost 10 euros.", False, None, "money")


def test_a_reply_is_made_of_carried_sentences_with_their_passages() -> None:
    found = hits(0.9, 0.8, 0.7)
    verdicts = [carried("Sure.", None), carried("Text 2.", 2), carried("Text 0.", 0), carried("Text 2 again.", 2)]
    reply = dialogue.settle(verdicts, found, "Which text?", POLICY)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.source) == ("Sure. Text 2. Text 0. Text 2 again.", "generated")
    assert [(c.position, c.title) for c in reply.citations] == [(1, "Question 2?"), (2, "Question 0?")]


def test_nothing_after_the_first_refused_sentence_is_shown() -> None:
    reply = dialogue.settle([carried("Text 0."), REFUSED, carried("Two.")], hits(0.9), "Which text?", POLICY)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.source) == ("Text 0.", "generated")


def test_a_draft_that_leaves_out_what_the_question_is_about_gives_way_to_the_passage() -> None:
    late = passage("What if I pay late?", "You are reminded first. Then a fee of €7.50 is added.", "en")
    reply = dialogue.settle([carried("You are reminded first.")], [Hit(late, 0.9)], "is there a late fee?", POLICY)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.source) == (f"**{late.title}**\n\n{late.text}", "verbatim")


@pytest.mark.parametrize("verdicts", [[], [REFUSED], [REFUSED, carried("Two.")], [carried("Sure!", None), REFUSED]])
def test_without_a_sentence_that_rests_on_a_passage_the_best_one_is_quoted(verdicts: list[Verdict]) -> None:
    reply = dialogue.settle(verdicts, hits(0.9, 0.8), "Which text?", POLICY)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.source) == ("**Question 0?**\n\nText 0.", "verbatim")
    assert [citation.title for citation in reply.citations] == ["Question 0?"]


def test_where_no_draft_stands_the_sentences_that_answer_are_sent_word_for_word() -> None:
    text = " ".join(f"Of room {n} nothing but the colour of its door is known." for n in range(5))
    found = [Hit(passage("Rooms › Doors", text), 0.9)]
    third = Excerpt("Of room 2 nothing but the colour of its door is known.", ("Of room 2 nothing but …",), 0.8)
    reply = dialogue.settle([REFUSED], found, "what about room 2?", POLICY, third)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.source) == (third.text, "extractive")
    assert [citation.text for citation in reply.citations] == [text]
    everything = dialogue.settle([REFUSED], found, "what about room 2?", POLICY, replace(third, text=text))
    assert isinstance(everything, Reply)
    assert (everything.text, everything.source) == (text, "verbatim")


def test_sentences_that_begin_with_what_decides_stand_below_the_question_they_answer() -> None:
    answer = "No, it runs on from the first purchase. " + "The rest of this answer is about something else again. " * 4
    found = [Hit(passage("Does it start again?", answer), 0.9)]
    opening = Excerpt("No, it runs on from the first purchase.", ("No, it runs on from the first purchase.",), 0.9)
    reply = dialogue.settle([REFUSED], found, "what is the warranty?", POLICY, opening)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.source) == (f"**Does it start again?**\n\n{opening.text}", "extractive")


@pytest.mark.parametrize("asked", ["Can I return opened earphones?", "can i return OPENED earphones"])
def test_an_answer_stands_below_its_own_question_unless_that_was_asked(asked: str) -> None:
    page = passage("Can I return opened earphones?", "No.", "en")
    assert dialogue.quoted(page, asked, 170) == "No."
    assert dialogue.quoted(page, "Can I return opened boots?", 170) == "**Can I return opened earphones?**\n\nNo."
    assert dialogue.quoted(replace(page, kind="policy"), "boots?", 170) == "No."


def test_without_a_passage_a_person_is_asked() -> None:
    assert dialogue.settle([carried("Anything.")], [], "Which text?", POLICY) == HandOff(Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        (["One.", "Two."], "One. Two."),
        (["可以退货。", "请联系我们。"], "可以退货。请联系我们。"),
        (["他说“可以。”", "请放心。"], "他说“可以。”请放心。"),
        (["可以退货", "请放心"], "可以退货请放心"),
        (["可以。", "OK."], "可以。OK."),
        ([" One. ", "", "Two."], "One. Two."),
        ([], ""),
    ],
)
def test_sentences_join_as_their_script_is_written(sentences: list[str], text: str) -> None:
    assert dialogue.join(sentences) == text


def test_a_short_passage_is_quoted_as_it_stands() -> None:
    text = "First line.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert dialogue.quote(f"\n{text}\n", 170) == text


def test_a_long_passage_is_cut_at_a_line_and_says_so() -> None:
    text = "\n".join(["five words in this line"] * 50)
    quoted = dialogue.quote(text, 12)
    assert quoted == "five words in this line\nfive words in this line\n…"


def test_a_long_first_line_is_cut_at_a_sentence() -> None:
    assert dialogue.quote("One two three. Four five six. Seven eight.", 6) == "One two three. Four five six. …"
    assert dialogue.quote("一二三四五六七八九。" * 5, 6) == "一二三四五六七八九。" * 2 + " …"


def test_a_single_sentence_is_never_cut_in_the_middle() -> None:
    assert dialogue.quote("word " * 300, 170) == ("word " * 300).strip()


def test_a_quote_without_an_ellipsis_is_the_whole_passage() -> None:
    for words in range(1, 12):
        quoted = dialogue.quote("One two. Three four.\nFive six.\n\nSeven eight.", words)
        assert quoted.endswith("…") or quoted == "One two. Three four.\nFive six.\n\nSeven eight."


def test_calibrated_thresholds_and_what_is_known_of_there_being_an_answer_decide_when_given() -> None:
    found = [Hit(Passage("a", "a", "How long?", "Two days.", "en"), 0.9)]
    cut = Thresholds(0.5, 0.3)
    assert isinstance(dialogue.decide(found, 0.5, "en", POLICY, cut, 0.1), Answer)
    assert isinstance(dialogue.decide(found, 0.2, "en", POLICY, cut, 0.3), Clarify)
    assert dialogue.decide(found, 0.49, "en", POLICY, cut, 0.29) == HandOff(Reason.NO_ANSWER)


# ── topics that are always a person's ──


def test_a_topic_that_is_always_a_persons_is_passed_on_however_sure_the_bot_is() -> None:
    first, second = hits(0.9, 0.88)
    private = replace(first, passage=replace(first.passage, needs_person=True))
    assert dialogue.decide([private, second], 0.95, "en", POLICY) == HandOff(Reason.TOPIC)
    assert dialogue.decide([private, second], 0.5, "en", POLICY) == HandOff(Reason.TOPIC)
    assert dialogue.decide([private, second], 0.1, "en", POLICY) == HandOff(Reason.NO_ANSWER)


def test_beside_another_topic_it_lends_nothing_to_the_answer() -> None:
    first, second = hits(0.9, 0.88)
    private = replace(second, passage=replace(second.passage, needs_person=True))
    assert dialogue.decide([first, private], 0.95, "en", POLICY) == Answer((first,))
