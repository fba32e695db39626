"""The embedder behind a server: OpenAI's protocol and TEI's, which model it is, and what a server can do wrong."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bot.adapters.openai_calls import Calls
from bot.adapters.openai_embedder import BATCH, OpenAiEmbedder
from bot.errors import Refused, ServerFails
from tests.model_server import Answering, ModelServer, Vector, model_server, openai_vectors, tei_vectors


def by_letters(text: str) -> list[float]:
    """Not of unit length."""
    return [1.0 + text.count("a"), 2.0 * text.count("b"), float(len(text)), text.count("退") + 0.5]


def turned(text: str) -> list[float]:
    return by_letters(text)[::-1]


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with model_server() as served:
        yield served


@pytest.fixture
def server(running: ModelServer) -> ModelServer:
    running.asked.clear()
    running.answer = openai_vectors(by_letters)
    return running


Make = Callable[..., OpenAiEmbedder]


@pytest.fixture
def make(server: ModelServer) -> Iterator[Make]:
    made: list[OpenAiEmbedder] = []

    def embedder(**how: object) -> OpenAiEmbedder:
        calls = Calls(server.url, "key", what="BOT_EMBEDDER")
        try:
            made.append(OpenAiEmbedder(calls, "tiny", **{"seconds": 0.3, **how}))  # type: ignore[arg-type]
        except BaseException:
            calls.close()
            raise
        return made[-1]

    yield embedder
    for one in made:
        one.close()


def unit(text: str, vector: Vector = by_letters) -> np.ndarray:
    made = np.array(vector(text))
    return made / np.linalg.norm(made)


@pytest.mark.parametrize("api", ["openai", "tei"])
def test_vectors_come_in_order_of_unit_length_and_in_batches(api: str, server: ModelServer, make: Make) -> None:
    server.answer = (openai_vectors if api == "openai" else tei_vectors)(by_letters)
    embedder = make(api=api)
    texts, told = [f"{'ab' * n} 退" for n in range(BATCH + 3)], list[int]()
    server.asked.clear()
    vectors = np.asarray(embedder.embed(texts, is_query=False, progress=told.append))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [unit(text) for text in texts], rtol=1e-5)
    assert told == [BATCH, BATCH + 3]
    assert [asked.path for asked in server.asked] == ["/v1/embeddings" if api == "openai" else "/v1/embed"] * 2
    assert server.last.headers["authorization"] == "Bearer key"


def test_a_reading_has_a_vector_and_no_words_for_each_text(make: Make) -> None:
    read = make().read(["one", "two"], is_query=True)
    assert [len(words) for words in read.words] == [0, 0]
    assert len(read.vectors) == 2


def test_no_texts_make_no_vectors_and_no_call(server: ModelServer, make: Make) -> None:
    embedder = make()
    server.asked.clear()
    assert np.asarray(embedder.embed([], is_query=True)).shape == (0, 4)
    assert server.asked == []


def test_questions_and_passages_get_what_the_model_wants_in_front(server: ModelServer, make: Make) -> None:
    embedder = make(prefixes=("query: ", "passage: "))
    for is_query, sent in ((True, "query: hello"), (False, "passage: hello")):
        embedder.embed(["hello"], is_query=is_query)
        assert server.last.body["input"] == [sent]


# ── which model it is ──


def test_the_name_tells_models_apart_and_one_model_is_always_the_same(server: ModelServer, make: Make) -> None:
    name = make().name
    assert name.startswith("tiny@")
    assert make().name == name
    assert make(prefixes=("query: ", "")).name != name
    server.answer = openai_vectors(turned)
    assert make().name != name
    assert make().dimension == 4


def test_vectors_that_are_a_little_off_keep_the_name_that_is_remembered(
    server: ModelServer, make: Make, tmp_path: Path
) -> None:
    kept = tmp_path / "var" / "embedder.json"
    first = make(remembered=kept).name
    server.answer = openai_vectors(lambda text: [one + 0.02 for one in by_letters(text)])
    assert make(remembered=kept).name == first
    server.answer = openai_vectors(turned)
    other = make(remembered=kept).name
    assert other != first
    assert json.loads(kept.read_text())["name"] == other


def test_one_that_is_away_at_the_start_is_who_it_was(server: ModelServer, make: Make, tmp_path: Path) -> None:
    kept = tmp_path / "embedder.json"
    known = make(remembered=kept)
    server.answer = lambda to: to.status(503)
    again = make(remembered=kept)
    assert (again.name, again.dimension) == (known.name, known.dimension)
    with pytest.raises(ServerFails, match="fails"):
        again.check()
    server.answer = openai_vectors(by_letters)
    assert again.check() == known.name


@pytest.mark.parametrize(
    "written", ["", "{", "[]", '{"name": "other@1", "probe": [1.0]}', '{"name": "tiny@1", "probe": "x"}',
                '{"name": "tiny@1", "probe": []}', '{"name": 1, "probe": [1.0]}', '{"name": "tiny@1", "probe": [NaN]}'],
)  # fmt: skip
def test_what_is_remembered_wrongly_is_forgotten(written: str, server: ModelServer, make: Make, tmp_path: Path) -> None:
    kept = tmp_path / "embedder.json"
    kept.write_text(written)
    server.answer = lambda to: to.status(503)
    with pytest.raises(ServerFails):
        make(remembered=kept)
    server.answer = openai_vectors(by_letters)
    assert make(remembered=kept).name == make().name


def test_a_model_must_be_named(server: ModelServer) -> None:
    with pytest.raises(Refused, match="BOT_EMBEDDER_MODEL"):
        OpenAiEmbedder(Calls(server.url, what="BOT_EMBEDDER"), "")


# ── what a server can do wrong ──


def answers(held: object) -> Callable[[Answering], None]:
    return lambda to: to.status(200, json.dumps(held).encode())


def huge(to: Answering) -> None:
    to.begin("application/json")
    while True:
        to.write(b"[" * (1 << 20))


WRONG: dict[str, tuple[Callable[[Answering], None], str]] = {
    "late": (lambda to: to.wait(2), "does not answer within 0.3 s"),
    "no json": (lambda to: to.status(200, b"{oops"), "not JSON"),
    "deep": (lambda to: to.status(200, b"[" * 100_000), "not JSON"),
    "a page": (lambda to: to.status(200, b"<html>", "text/html"), "else than JSON"),
    "huge": (huge, "more than 32 MiB"),
    "an object": (answers({}), "no vectors"),
    "a list": (answers([1]), "no vectors"),
    "too few": (answers({"data": []}), "no vectors"),
    "too many": (answers({"data": [{"index": 0, "embedding": [1, 0, 0, 0]}] * 2}), "no vectors"),
    "wrong index": (answers({"data": [{"index": 7, "embedding": [1, 0, 0, 0]}]}), "no vectors"),
    "odd index": (answers({"data": [{"index": [], "embedding": [1, 0, 0, 0]}]}), "no vectors"),
    "words": (answers({"data": [{"index": 0, "embedding": ["a", "b"]}]}), "no vectors"),
    "base64": (answers({"data": [{"index": 0, "embedding": "AAAA"}]}), "no vectors"),
    "nested": (answers({"data": [{"index": 0, "embedding": [[1, 2, 3, 4]]}]}), "no vectors"),
    "empty": (answers({"data": [{"index": 0, "embedding": []}]}), "no vectors"),
    "far too big": (answers({"data": [{"index": 0, "embedding": [10**400, 0, 0, 0]}]}), "vectors"),
    "nothing": (answers({"data": [{"index": 0, "embedding": [0, 0, 0, 0]}]}), "without a direction"),
    "no number": (answers({"data": [{"index": 0, "embedding": [float("nan"), 0, 0, 1]}]}), "without a direction"),
    "another length": (answers({"data": [{"index": 0, "embedding": [1, 0]}]}), "run `bot ingest` again"),
    "401": (lambda to: to.status(401), "BOT_EMBEDDER_KEY"),
    "404": (lambda to: to.status(404), "BOT_EMBEDDER_MODEL"),
    "redirect": (lambda to: to.status(308, location="http://127.0.0.1:1/"), "not followed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_whatever_a_server_does_wrong_is_one_sentence_in_time(case: str, server: ModelServer, make: Make) -> None:
    embedder = make(seconds=0.3 if case == "late" else 2.0)
    server.answer, sentence = WRONG[case]
    with pytest.raises(ServerFails) as failed:
        embedder.embed(["hello"], is_query=True)
    assert sentence in str(failed.value)
    server.answer = openai_vectors(by_letters)
    np.testing.assert_allclose(np.asarray(embedder.embed(["hello"], is_query=True))[0], unit("hello"), rtol=1e-5)


def test_many_passages_may_take_longer_than_a_question(server: ModelServer, make: Make) -> None:
    embedder = make(seconds=0.1)

    def late(to: Answering) -> None:
        to.wait(0.3)
        openai_vectors(by_letters)(to)

    server.answer = late
    with pytest.raises(ServerFails):
        embedder.embed(["a question"], is_query=True)
    assert len(np.asarray(embedder.embed(["a passage"], is_query=False))) == 1
