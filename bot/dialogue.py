"""The dialogue manager: three pure steps that say what should happen next, as values.

`plan` before retrieval, `decide` after it, `settle` after generation. Nothing here waits, reads a clock or knows SQL.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot import chooser, follow_up, smalltalk
from bot.conversation import Author, Conversation, Event, Reason, Status
from bot.excerpt import Excerpt
from bot.follow_up import NOTHING, Context, Said
from bot.grounding import Verdict
from bot.knowledge import Citation, Hit, Passage, cite, language_of
from bot.mood import Heard, Mood
from bot.own_case import is_own_case
from bot.sentences import sentences
from bot.text import folded_terms

HISTORY = 6  # earlier messages a follow-up may lean on


@dataclass(frozen=True, slots=True)
class Thresholds:
    """On the decision score: at `answer` and above the bot answers, at `suggest` it offers near questions."""

    answer: float
    suggest: float


@dataclass(frozen=True, slots=True)
class Policy:
    """What the shop decides about the dialogue manager."""

    thresholds: Thresholds
    chinese: Thresholds
    passages: int = 1  # shown to the composer: with more, a small one picks from the wrong one
    options: int = 3  # near questions offered when unsure
    closeness: float = 0.75  # further passages must reach this share of the best one's score
    verbatim_words: int = 170  # a longer passage is cut at a sentence when quoted
    first_sentence_s: float = 4.0  # no checked sentence by then: the passage is quoted
    deadline_s: float = 10.0  # the whole draft
    drafts: int = 1  # how many the generator may try before the passage is quoted
    insists: frozenset[str] = frozenset()  # "en", "zh": the shop set these thresholds itself, calibration yields

    def thresholds_for(self, language: str) -> Thresholds:
        return self.chinese if language == "zh" else self.thresholds


# ── plan ──


@dataclass(frozen=True, slots=True)
class Hold:
    """An agent has it, or there is nothing to do: the bot stays silent."""


@dataclass(frozen=True, slots=True)
class Say:
    """A line of the bot's own (a key of `texts`), for small talk."""

    key: str
    offer_person: bool = False


@dataclass(frozen=True, slots=True)
class HandOff:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to find out: the question as asked, what it means in words, and what it leans on."""

    question: str
    query: str
    context: Context = NOTHING


@dataclass(frozen=True, slots=True)
class Search:
    parts: tuple[Ask, ...]
    language: str
    otherwise: Reason = Reason.NO_ANSWER  # why a person takes over when the pages do not answer
    offers_person: bool = False  # whatever the pages say


Plan = Hold | Say | HandOff | Search


def plan(conversation: Conversation, question: Event) -> Plan:
    """What to do about `question`, before anything is searched."""
    if conversation.status is not Status.BOT:
        return Hold()
    text = question.text
    if smalltalk.is_in_danger(text):
        return HandOff(Reason.SELF_HARM)
    if smalltalk.wants_person(text):
        return HandOff(Reason.ASKED)
    if smalltalk.threatens(text):
        return HandOff(Reason.LEGAL)
    earlier = conversation.before(question.seq)
    if smalltalk.is_angry(text) or (smalltalk.is_abuse(text) and _was_abusive(earlier)):
        return HandOff(Reason.ANGRY)
    is_complaint = smalltalk.complains(text)
    if is_complaint and not smalltalk.opens_as_question(text):
        return HandOff(Reason.COMPLAINT)
    if smalltalk.is_abuse(text) and len(smalltalk.content_words(text)) <= 4 and not smalltalk.asks_something(text):
        return Say("abuse", offer_person=True)
    if (kind := smalltalk.small_talk(text)) is not None:
        return Say(kind, offer_person=kind == "robot")
    if _asked_again(conversation, question):
        return HandOff(Reason.REPEATED)
    language = language_of(text) if any(map(str.isalpha, text)) else conversation.language
    otherwise = Reason.COMPLAINT if is_complaint else Reason.NO_ANSWER
    return Search(asks_of(text, earlier), language, otherwise, is_own_case(text))


PAGES_FIRST = frozenset({Mood.COMPLAINT, Mood.CANCEL})  # "how do I cancel my account?" is a question like others


def heed(search: Search, heard: Heard | None, conversation: Conversation, question: Event) -> Plan:
    """What to do about a message that is to be searched for, now that its mood is known."""
    if heard is None:
        return search
    if heard.mood is Mood.ABUSE:
        return _abused(search, heard, conversation, question)
    reason = Reason(heard.mood.value)
    is_question = heard.mood in PAGES_FIRST and smalltalk.opens_as_question(question.text)
    return replace(search, otherwise=reason) if is_question or not heard.is_certain else HandOff(reason)


def _abused(search: Search, heard: Heard, conversation: Conversation, question: Event) -> Plan:
    """Abuse is answered once; with a question in it, it is a question."""
    if not heard.is_certain or smalltalk.asks_something(question.text):
        return search
    earlier = conversation.before(question.seq)
    is_repeated = _was_abusive(earlier) or _was_offered_person(earlier)
    return HandOff(Reason.ANGRY) if is_repeated else Say("abuse", offer_person=True)


def asks_of(text: str, earlier: Sequence[Event]) -> tuple[Ask, ...]:
    """The questions of one message, each with what it leans on."""
    bare = smalltalk.without_pleasantries(text)
    return tuple(_ask(part, earlier) for part in smalltalk.questions(bare))


def _ask(text: str, earlier: Sequence[Event]) -> Ask:
    context = follow_up.context(text, [*_said(earlier[-HISTORY:])])
    return Ask(text, context.spelt_out(text), context)


def _said(earlier: Sequence[Event]) -> Iterator[Said]:
    """Questions, and the bot's replies to them. What an agent wrote is nobody's to search with."""
    for event in earlier:
        if event.is_question or (event.author is Author.BOT and event.data.get("source") != "canned" and event.text):
            yield Said(event.is_question, event.text)


def query_for(text: str, earlier: Sequence[Event]) -> str:
    """What `text` means, in words: the message itself, or with the questions it leans on in front of it."""
    return _ask(text, earlier).query


def _was_abusive(earlier: Sequence[Event]) -> bool:
    return any(event.is_question and smalltalk.is_abuse(event.text) for event in earlier[-HISTORY:])


def _was_offered_person(earlier: Sequence[Event]) -> bool:
    """By a line of the bot's own, as abuse is answered."""
    said = (event for event in earlier[-HISTORY:] if event.author is Author.BOT)
    return any(event.options and event.data.get("source") == "canned" for event in said)


def _asked_again(conversation: Conversation, question: Event) -> bool:
    """The same words as a question the bot answered from a passage in its last few turns: the answer did not help."""
    words = smalltalk.normalise(question.text)
    recent = [e for e in conversation.before(question.seq)[-HISTORY:] if e.seq > conversation.bot_from]
    answered = {e.answers for e in recent if e.author is Author.BOT and e.citations}
    same = [e for e in recent if e.seq in answered and smalltalk.normalise(e.text) == words]
    if not same or not smalltalk.is_elliptical(question.text):
        return bool(same)
    return same[-1].seq == max(e.seq for e in recent if e.is_question)  # "how much?" leans on what came between


# ── decide ──


@dataclass(frozen=True, slots=True)
class Answer:
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Clarify:
    """Too unsure to answer, too near to give up: the customer picks."""

    options: tuple[str, ...]
    hits: tuple[Hit, ...]


Decision = Answer | Clarify | HandOff


def decide(
    hits: Sequence[Hit],
    score: float,
    language: str,
    policy: Policy,
    thresholds: Thresholds | None = None,
    known: float | None = None,
) -> Decision:
    """Answer, offer near questions, or pass on, by two thresholds (else the policy's).

    `score`: how sure we are of the first hit; `known` (else the same): of there being an answer at all.
    """
    thresholds = thresholds or policy.thresholds_for(language)
    known = score if known is None else known
    if hits and hits[0].passage.needs_person and known >= thresholds.suggest:
        return HandOff(Reason.TOPIC)
    if hits and score >= thresholds.answer:
        return Answer(_near(hits, policy))
    if not hits or known < thresholds.suggest:
        return HandOff(Reason.NO_ANSWER)
    readable = [hit for hit in hits if hit.passage.language == language] or hits
    options = tuple(dict.fromkeys(_as_question(hit) for hit in readable))[: policy.options]
    return Clarify(options, tuple(hits))


def _near(hits: Sequence[Hit], policy: Policy) -> tuple[Hit, ...]:
    """The best hit and those close behind it, in the same language."""
    best = hits[0]
    return best, *(
        hit
        for hit in hits[1 : policy.passages]
        if hit.score >= policy.closeness * best.score
        and hit.passage.language == best.passage.language
        and not hit.passage.needs_person
    )


def _as_question(hit: Hit) -> str:
    """An FAQ's own question; for a section of a policy its heading."""
    return hit.passage.title if hit.passage.kind == "faq" else hit.passage.title.split(" › ")[-1]


# ── settle ──


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    citations: tuple[Citation, ...]
    source: str  # generated | extractive | verbatim


def standing(
    verdicts: Sequence[Verdict], hits: Sequence[Hit], question: str, excerpt: Excerpt | None = None
) -> tuple[Verdict, ...]:
    """What of a draft may be shown: its carried beginning, if that answers `question`; else nothing."""
    begun = kept(verdicts)
    said = [verdict.sentence for verdict in begun if verdict.passage is not None]
    if not said or not hits:
        return ()
    best = hits[0].passage
    leads = best.kind == "faq"
    return begun if chooser.answers(said, best.text, question, leads=leads, excerpt=excerpt) else ()


def kept(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The sentences before the first that no passage carries: what follows may lean on it."""
    for n, verdict in enumerate(verdicts):
        if not verdict.is_carried:
            return tuple(verdicts[:n])
    return tuple(verdicts)


def settle(
    verdicts: Sequence[Verdict], hits: Sequence[Hit], question: str, policy: Policy, excerpt: Excerpt | None = None
) -> Reply | HandOff:
    """The reply: what stood up to the guard with its citations, else the sentences of the best passage that answer,
    else all of it, else a person."""
    if not hits:
        return HandOff(Reason.NO_ANSWER)
    shown = standing(verdicts, hits, question, excerpt)
    carrying = list(dict.fromkeys(verdict.passage for verdict in shown if verdict.passage is not None))
    if carrying:
        text = join([verdict.sentence for verdict in shown])
        return Reply(text, cite([hits[index] for index in carrying]), "generated")
    best = hits[0].passage
    if excerpt and chooser.suffices(excerpt, best.text, question, best.title, leads=best.kind == "faq"):
        return Reply(_quoted_in_part(best, excerpt, policy.verbatim_words), cite([hits[0]]), "extractive")
    return Reply(quoted(best, question, policy.verbatim_words), cite([hits[0]]), "verbatim")


def quoted(passage: Passage, question: str, words: int) -> str:
    """A passage word for word. An FAQ's answer ("No, never.") stands below its own question, unless that is what was
    asked: so a customer sees at once when it answers another one."""
    text = quote(passage.text, words)
    is_asked = set(folded_terms(passage.title)) == set(folded_terms(question))
    return text if passage.kind != "faq" or is_asked or not passage.title else f"**{passage.title}**\n\n{text}"


def _quoted_in_part(passage: Passage, excerpt: Excerpt, words: int) -> str:
    """Below its question only where it begins with what decides: "No, …" to another question would mislead."""
    text = quote(excerpt.text, words)
    needs_question = passage.kind == "faq" and passage.title and chooser.decides(text)
    return f"**{passage.title}**\n\n{text}" if needs_question else text


def join(sentences: Sequence[str]) -> str:
    """Sentences as running text; Chinese ones meet without a blank."""
    text = ""
    for sentence in sentences:
        sentence = sentence.strip()
        gap = "" if not text or not sentence or _meets(text, sentence) else " "
        text += gap + sentence
    return text


def _meets(text: str, sentence: str) -> bool:
    """Does Chinese stand on one side of the seam? Closing marks after its stop do not count."""
    before = text.rstrip("”’」』）)】\"'")[-1:]
    return before in tuple("。！？；：，\n") or language_of(before + sentence[0]) == "zh"


def quote(text: str, words: int) -> str:
    """A passage as it stands; a very long one up to the last line that fits, or the last sentence of its first."""
    lines, used = list[str](), 0
    for line in text.strip().split("\n"):
        used += _words(line)
        if used > words:
            return "\n".join(lines).rstrip() + "\n…" if lines else _first_sentences(line, words)
        lines.append(line)
    return text.strip()


def _first_sentences(line: str, words: int) -> str:
    kept, used = list[str](), 0
    for sentence in sentences(line):
        used += _words(sentence)
        if kept and used > words:
            return join(kept) + " …"
        kept.append(sentence)
    return line.strip()


def _words(text: str) -> int:
    return max(len(text.split()), len(text) // 3 if language_of(text) == "zh" else 0)
