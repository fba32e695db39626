"""Who may import whom, and the other rules of the house that a machine can read."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTS = {
    "ports", "hub", "indexes", "desk", "presence", "recalled", "overrides", "catalogue", "uploaded", "waiting",
    "model_servers", "shared", "limits", "shared_limits", "budget", "tickets", "keeping", "insight",
}  # fmt: skip
USE_CASES = {
    "retrieval", "compose", "reply", "worker", "inbox", "ingest", "evaluate", "customer", "line", "ladder", "packet",
    "calibrate", "parity", "grounded", "extraction", "login", "attempts", "letters", "post", "answers", "unanswered",
    "checks", "kb",
    "gate", "planning", "indexing", "recall", "kb_pages", "publishing", "uploads", "neighbours", "taken_over",
    "conflicts", "backups",
}  # fmt: skip
EDGES = {
    "cli", "commands", "agent_commands", "calibrate_commands", "ingest_commands", "judge_commands", "kb_commands",
    "lint_commands", "recall_commands", "backup_commands", "why_commands", "shell", "output", "__main__", "web",
}  # fmt: skip
# they alone name concrete adapters
ASSEMBLY = {"bootstrap", "bootstrap_content", "bootstrap_insight", "bootstrap_storage"}
MAY_BE_LONG = {"facts"}  # tables of words and figures read best in one piece

PATHS = sorted(path for path in (ROOT / "bot").rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in PATHS if path.stem != "__init__"}
TOP = {path.stem for path in (ROOT / "bot").glob("*.py")} - {"__init__"}
VALUES = TOP - PORTS - USE_CASES - EDGES - {"settings"} - ASSEMBLY  # a new module is a value until it is said not to be
CORE = VALUES | PORTS | USE_CASES


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES)
            yield from submodules or {str(node.module)}


def layer(module: str) -> str:
    part = module.split(".")[1]
    layers = {"values": VALUES, "ports": PORTS, "use cases": USE_CASES, "edge": EDGES, "bootstrap": ASSEMBLY}
    return next((name for name, group in layers.items() if part in group), part)


MAY_IMPORT = {
    "values": {"values"},
    "ports": {"values", "ports"},
    "use cases": {"values", "ports", "use cases"},
    "adapters": {"values", "ports", "adapters"},
    "settings": set(),
    "bootstrap": {"values", "ports", "use cases", "adapters", "settings"},
    "edge": {"values", "ports", "use cases", "bootstrap", "settings", "edge"},
}
THIRD_PARTY = {
    "settings": {"pydantic", "pydantic_settings"},
    "web": {"fastapi", "starlette", "pydantic", "jwt", "uvicorn", "prometheus_client", "h11"},
    "cli": {"typer"},
    "agent_commands": {"typer"},
    "backup_commands": {"typer"},
    "calibrate_commands": {"typer"},
    "kb_commands": {"typer"},
    "ingest_commands": {"typer"},
    "why_commands": {"typer"},
    "shell": {"typer", "pydantic"},
    "commands": {"uvicorn"},
    "output": {"rich"},
}
# below other adapters, importing none of them
ADAPTERS_SHARE = {"disk", "files", "opened_file", "read_late", "sitemaps", "swap"}


def foreign(name: str) -> bool:
    top = name.split(".")[0]
    return top != "bot" and top not in sys.stdlib_module_names


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_follow_the_table(module: str) -> None:
    own, part = layer(module), module.split(".")[1]
    for name in imports(MODULES[module]):
        if name.startswith("bot."):
            allowed = MAY_IMPORT[own]
            assert layer(name) in allowed, f"{module} must not import {name}: {own} may import {sorted(allowed)}"
        elif own != "adapters" and foreign(name):
            assert name.split(".")[0] in THIRD_PARTY.get(part, set()), (
                f"{module} must not import {name}: only adapters/ and the edges may, each its own library"
            )


def _named(beginning: str) -> set[str]:
    return {module.split(".")[2] for module in MODULES if module.startswith(f"bot.adapters.{beginning}")}


def test_adapters_do_not_lean_on_other_adapters_libraries() -> None:
    """One family of modules for one library: what they share begins with the same word, or is about the same one."""
    families = {
        "sql": {"database", "tables", "rows", "migrate"} | _named("sql"),
        "composer": _named("gpt2") | _named("composer"),
        "picture": {"attention_picture"} | _named("picture"),
        "sbert": _named("sbert"),
        "faiss": _named("faiss"),
        "generations": _named("generation"),
        "readers": _named("reader") | _named("sandbox"),
        "fetch": _named("fetch"),
        "openai": _named("openai") | {"breaking", "redacting"},
        "redis": _named("redis"),
    }
    for module, path in MODULES.items():
        if not module.startswith("bot.adapters."):
            continue
        own = module.split(".")[2]
        family = next((members for members in families.values() if own in members), {own}) | ADAPTERS_SHARE
        for name in imports(path):
            if name.startswith("bot.adapters."):
                assert name.split(".")[2] in family, f"{module} must not import {name}: adapters stand alone"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_is_too_long_to_read(module: str) -> None:
    length = len(MODULES[module].read_text().splitlines())
    assert length <= 400 or module.removeprefix("bot.") in MAY_BE_LONG, f"{module} has {length} lines"


def test_importing_the_core_loads_no_third_party_package() -> None:
    core = [module for module in MODULES if module.removeprefix("bot.") in CORE]
    program = f"import sys; import {', '.join(core)}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in ran.stdout.split()}
    bare = subprocess.run([sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True)
    site = {name.split(".")[0] for name in bare.stdout.split()}  # what the environment's .pth files load anyway
    assert {name for name in loaded - site if foreign(name) and not name.startswith("_")} == set()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_only_settings_reads_the_environment(module: str) -> None:
    source = MODULES[module].read_text()
    read = any(word in source for word in ("os.environ[", "os.environ.get", "os.getenv", "from os import environ"))
    assert not read or module == "bot.settings", f"{module} must not read the environment: bot.settings does"


@pytest.mark.parametrize("module", sorted(module for module in MODULES if module.startswith("bot.web.")))
def test_only_wire_makes_json_for_sockets(module: str) -> None:
    names = set(imports(MODULES[module]))
    assert "json" not in names or module == "bot.web.wire", f"{module} must not import json: bot.web.wire makes frames"


@pytest.mark.parametrize("module", sorted(VALUES & {name.removeprefix("bot.") for name in MODULES}))
def test_values_neither_wait_nor_look_at_a_clock(module: str) -> None:
    path = MODULES[f"bot.{module}"]
    banned = {"asyncio", "time", "threading", "socket", "os", "subprocess", "logging", "random", "sqlite3"}
    assert not banned & set(imports(path)), f"bot.{module} must stay a value"
    assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(ast.parse(path.read_text())))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_names_say_what_a_thing_is(module: str) -> None:
    classes = [node.name for node in ast.walk(ast.parse(MODULES[module].read_text())) if isinstance(node, ast.ClassDef)]
    empty = ("Manager", "Handler", "Helper", "Util", "Utils", "Service", "Impl", "DTO")
    assert [name for name in classes if name.endswith(empty)] == []
