"""What people can set, type, send or receive is named in the README or in docs/."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from bot.cli import app
from bot.settings import Settings
from bot.texts import PLACEHOLDERS, TEXTS
from bot.web.agent_wire import AGENT_FRAMES, AGENT_SERVER_FRAMES
from bot.web.wire import CLIENT_FRAMES, CLOSE, SERVER_FRAMES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def docs() -> str:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(page.read_text() for page in pages if page.exists())


def options() -> Iterator[str]:
    for name, command in sorted(typer.main.get_command(app).commands.items()):  # type: ignore[attr-defined]
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name != "help":
                yield f"{name} {max(parameter.opts, key=len)}"


COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
TARGETS = sorted(re.findall(r"^([a-z]+):.*?##", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_each_setting_is_described(docs: str, setting: str) -> None:
    assert re.search(rf"\bBOT_{setting.upper()}\b", docs), f"BOT_{setting.upper()} is not in README.md or docs/"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_described(docs: str, command: str) -> None:
    assert re.search(rf"\bbot {command}\b", docs), f"`bot {command}` is not in README.md or docs/"


@pytest.mark.parametrize("option", sorted(options()))
def test_each_option_is_described(docs: str, option: str) -> None:
    command, name = option.split()
    assert re.search(rf"{name}\b", docs), f"`bot {command} {name}` is not in README.md or docs/"


@pytest.mark.parametrize("frame", sorted({*CLIENT_FRAMES, *SERVER_FRAMES, *AGENT_FRAMES, *AGENT_SERVER_FRAMES}))
def test_each_frame_is_described(docs: str, frame: str) -> None:
    assert re.search(rf"`{frame}`|\"type\": ?\"{frame}\"", docs), f"the frame `{frame}` is not in docs/"


@pytest.mark.parametrize("name", sorted(CLOSE))
def test_each_close_code_is_described(docs: str, name: str) -> None:
    assert re.search(rf"\b{CLOSE[name]}\b", docs), f"close code {CLOSE[name]} ({name}) is not in docs/"


@pytest.mark.parametrize("target", TARGETS)
def test_each_make_target_is_described(docs: str, target: str) -> None:
    assert re.search(rf"\bmake {target}\b", docs), f"`make {target}` is not in README.md or docs/"


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
def test_each_text_of_the_bot_is_described(docs: str, key: str) -> None:
    row = re.search(rf"^\| `{re.escape(key)}` \|(.*)$", docs, re.M)
    assert row, f"the text `{key}` is not in docs/"
    assert all(f"`{{{name}}}`" in row[1] for name in PLACEHOLDERS[key])


def test_the_docs_name_no_setting_that_is_gone(docs: str) -> None:
    named = {name.lower() for name in re.findall(r"\bBOT_([A-Z][A-Z_]*[A-Z])\b", docs)}
    assert named - set(Settings.model_fields) == set()
