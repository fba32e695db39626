"""compose.yaml and the Dockerfile as far as they can be looked at without Docker."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(SOURCE)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KEYS = {
    "image", "build", "command", "restart", "environment", "volumes", "networks", "read_only", "tmpfs", "cap_drop",
    "security_opt", "depends_on", "stop_grace_period", "healthcheck", "shm_size", "ports", "user",
}  # fmt: skip
HEALTH = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
WORKERS = ["worker-1", "worker-2"]


def variables() -> Iterator[tuple[str, str]]:
    """(name, what follows it) of everything that is read from `.env`."""
    yield from re.findall(r"(?<!\$)\$\{([A-Z_]+)([^}]*)\}", SOURCE)


def test_it_has_the_shape_of_a_compose_file() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "networks", "volumes"}
    assert set(SERVICES) == {"postgres", "redis", "migrate", "nginx", *WORKERS}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_uses_known_words_and_what_it_names_is_there(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= KEYS
    assert set(service.get("healthcheck", {})) <= HEALTH
    for other, how in service.get("depends_on", {}).items():
        assert other in SERVICES
        assert how["condition"] in CONDITIONS
        assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).is_file()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", SERVICES[name]["image"])


def test_only_nginx_is_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"nginx"}
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in published["nginx"])
    assert "network_mode" not in SOURCE
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"]["internal"] is True


def test_there_is_no_secret_in_it_and_none_has_a_default() -> None:
    found = list(variables())
    assert {name for name, _ in found} == {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "BOT_PUBLIC_URL", "BOT_METRICS_TOKEN"}
    assert all(rest.startswith(":?") and len(rest) > 5 for _, rest in found)
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|AUTH", key):
                assert str(value).startswith("${"), f"{name}: {key}"
    assert "trust" not in SOURCE
    assert ".env" in (ROOT / ".gitignore").read_text().split()
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")


def test_the_workers_are_alike_and_share_what_must_be_shared() -> None:
    first, second = (SERVICES[name] for name in WORKERS)
    assert first == second
    assert first["environment"]["BOT_DATA_DIR"] == "/data"
    assert "data:/data" in first["volumes"]
    assert "/readyz" in first["healthcheck"]["test"][-1]
    assert first["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert int(first["stop_grace_period"].removesuffix("s")) > 10  # a worker is given ten seconds to say goodbye
    assert SERVICES["migrate"]["command"] == ["bot", "migrate"]


def test_every_setting_it_names_exists() -> None:
    named = {name for name in SERVICES["worker-1"]["environment"] if name.startswith("BOT_")}
    assert {name.removeprefix("BOT_").lower() for name in named} <= set(Settings.model_fields)


def test_the_image_is_pinned_runs_as_nobody_special_and_holds_no_settings() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    first = next(line for line in lines if line.startswith("FROM"))
    assert re.fullmatch(r"FROM python:3\.\d+\.\d+-slim-bookworm", first)
    assert [line for line in lines if line.startswith("USER")] == ["USER answerdesk"]
    copied = {name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]}
    assert all((ROOT / name).exists() for name in copied)
    assert not any(name.startswith(".") for name in copied)


def test_nginx_names_the_workers_and_passes_sockets_on() -> None:
    held = (ROOT / "deploy" / "nginx.conf").read_text()
    assert re.findall(r"server (\S+):8000", held) == WORKERS
    gateway = COMPOSE["networks"]["front"]["ipam"]["config"][0]["gateway"]
    assert f"set_real_ip_from {gateway};" in held
    assert "proxy_set_header Upgrade $http_upgrade;" in held
    assert "ip_hash" not in held
