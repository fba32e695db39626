"""Settings: every one has a default that works, a reason, and a sentence when it is wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variables and no .env file but those of the test."""
    import os

    for name in [name for name in os.environ if name.startswith("BOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_everything_has_its_default() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.identity_secret) == ("127.0.0.1", 8000, "")
    assert settings.index_dir == Path("var/index")


def test_variables_and_the_env_file_are_read_and_variables_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BOT_PORT=1\nBOT_SHOP_NAME=From the file\nOTHER=1\n")
    monkeypatch.setenv("BOT_PORT", "2")
    settings = Settings()
    assert (settings.port, settings.shop_name) == (2, "From the file")


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")] == []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("embed_origins", "https://a.com, https://b.com,", ("https://a.com", "https://b.com")),
        ("embed_origins", "", ()),
        ("embed_origins", "*", ("*",)),
        ("openers_en", "One? | Two, or three?", ("One?", "Two, or three?")),
        ("openers_zh", "配送？|退货？", ("配送？", "退货？")),
        ("log_level", "WARNING", "warning"),
        ("drafts", "1", 1),
        ("identity_secret", "x" * 32, "x" * 32),
        ("identity_secret", "", ""),
        ("embedder_languages", "en, zh", ("en", "zh")),
        ("embedder_query_prefix", "query: ", "query: "),
        ("redact", "always", "always"),
    ],
)
def test_values_are_read_from_text(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object) -> None:
    monkeypatch.setenv(f"BOT_{name.upper()}", text)
    assert getattr(Settings(), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "70000"), ("port", "-1"), ("port", "http"), ("accent", "green"), ("accent", "#fff"),
        ("accent", "#123456;x"), ("temperature", "-1"), ("top_p", "0"), ("top_p", "1.5"), ("max_tokens", "7"),
        ("max_tokens", "513"), ("drafts", "0"), ("model_workers", "0"), ("model_threads", "0"),
        ("deadline_seconds", "0"), ("first_sentence_seconds", "-1"), ("conversations_per_hour", "0"),
        ("deadline_seconds", "nan"), ("deadline_seconds", "inf"), ("answer_threshold", "nan"),
        ("log_level", "loud"), ("identity_secret", "too short"),
        ("redact", "sometimes"), ("generator_api", "grpc"), ("embedder_api", "grpc"), ("drafts_waiting", "-1"),
        ("generator_at_once", "0"), ("generator_context", "100"), ("connect_seconds", "0"), ("embedder_seconds", "inf"),
        ("embed_origins", "https://a.com; script-src *"), ("embed_origins", "https://a.com https://b.com"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(f"BOT_{name.upper()}", text)
    with pytest.raises(ValidationError, match=name):
        Settings()


@pytest.mark.parametrize(
    ("given", "driven"),
    [
        ("postgresql://u@h/n", "postgresql+asyncpg://u@h/n"),
        ("postgres://u@h/n", "postgresql+asyncpg://u@h/n"),
        ("sqlite:////srv/bot.sqlite", "sqlite+aiosqlite:////srv/bot.sqlite"),
        ("postgresql+asyncpg://u@h/n", "postgresql+asyncpg://u@h/n"),
        ("sqlite+aiosqlite:///file", "sqlite+aiosqlite:///file"),
    ],
)
def test_a_databases_address_gets_its_driver(given: str, driven: str) -> None:
    assert Settings(database_url=given).sql_url == driven


def test_without_an_address_the_database_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    assert Settings().sql_url == f"sqlite+aiosqlite:///{tmp_path}/var/bot.sqlite"
    assert Settings(data_dir=Path("/srv/data")).sql_url == "sqlite+aiosqlite:////srv/data/bot.sqlite"


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_GENERATOR_KEY", "sk-hidden")
    monkeypatch.setenv("BOT_EMBEDDER_KEY", "sk-hidden")
    settings = Settings()
    assert settings.generator_key.get_secret_value() == "sk-hidden"
    assert "sk-hidden" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1
