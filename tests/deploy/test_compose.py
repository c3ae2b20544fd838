"""deploy/compose.yaml: pinned, checked for health, without a secret, and what the tests start."""

from __future__ import annotations

import re
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

from tests.test_packaging import PROJECT, pins
from tests.tracking.real_server import COMPOSE, SECRETS, on_this_machine, settings

TEXT = COMPOSE.read_text(encoding="utf-8")
DOCKERFILE = (COMPOSE.parent / "mlflow.Dockerfile").read_text(encoding="utf-8")
SERVICE_KEYS = {"build", "command", "configs", "depends_on", "environment", "healthcheck"}
SERVICE_KEYS |= {"image", "ports", "restart", "volumes"}
"""Of the keys that Compose knows for a service, those that are used here."""

PAGE = COMPOSE.parents[1] / "docs" / "how-to" / "server.md"
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
DURATION = re.compile(r"(\d+(us|ms|s|m|h))+")


@pytest.fixture
def compose() -> dict[str, Any]:
    return settings(SECRETS)


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [str(value)]


def test_keys_are_those_of_compose(compose: dict[str, Any]) -> None:
    assert set(compose) == {"name", "services", "configs", "volumes"}
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", compose["name"])
    assert {key for service in compose["services"].values() for key in service} <= SERVICE_KEYS
    assert {key for config in compose["configs"].values() for key in config} == {"content"}
    for service in compose["services"].values():
        # Compose takes text and numbers here; YAML's true and false it refuses.
        assert all(isinstance(value, str) for value in service["environment"].values())


def test_whatever_is_named_is_defined(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert {config["source"] for config in service.get("configs", [])} <= set(compose["configs"])
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])
    used = {volume.partition(":")[0] for service in services.values() for volume in service["volumes"]}
    assert used == set(compose["volumes"])
    # Whoever waits for the health of another waits for one that is checked.
    for service in services.values():
        for name, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert "healthcheck" in services[name]


def test_every_service_is_checked_for_health(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        check = service["healthcheck"]
        assert check["test"][0] == "CMD"
        assert check["retries"] >= 3
        assert all(DURATION.fullmatch(check[key]) for key in ("interval", "timeout", "start_period"))


def test_images_are_pinned_to_what_is_tested(compose: dict[str, Any]) -> None:
    images = [service["image"] for service in compose["services"].values()]
    images += re.findall(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE)
    tags = [image.rpartition(":")[2] for image in images]
    assert len(tags) == 3
    assert all(re.match(r"\d+\.\d+", tag) for tag in tags)
    assert compose["services"]["mlflow"]["image"].endswith(f":{pins()['mlflow']}")
    python = re.search(r"FROM python:([\d.]+)", DOCKERFILE)
    assert python is not None
    assert python[1] in SpecifierSet(PROJECT["requires-python"])


def test_the_image_holds_the_drivers_of_the_extra() -> None:
    extra = {re.split(r"[^a-z0-9-]", line)[0] for line in PROJECT["optional-dependencies"]["server"]}
    assert extra == {"flask-wtf", "pg8000"}
    installed = re.search(r"pip install .*?\\\n\s+(.*)", DOCKERFILE)
    assert installed is not None
    assert set(installed[1].split()) == {"mlflow", *extra}
    ignored = (COMPOSE.parent / "mlflow.Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert [f"!{name}" for name in re.findall(r"^COPY (\S+)", DOCKERFILE, re.MULTILINE)] == ignored[1:]


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_without_a_secret_nothing_starts(missing: str) -> None:
    with pytest.raises(KeyError, match=f"{missing}: set it in deploy/.env"):
        settings({**SECRETS, missing: ""})


def test_no_secret_stands_in_the_file() -> None:
    raw = YAML(typ="safe").load(TEXT)
    for name in ("PASSWORD", "SECRET"):
        values = re.findall(rf"^\s+\w*{name}\w*: (.*)$", TEXT, re.MULTILINE)
        assert values
        assert all(value.startswith("${") for value in values)
    addresses = [text for text in texts(raw) if "://mlflow:" in text]
    assert len(addresses) == 2
    assert all("://mlflow:${POSTGRES_PASSWORD" in text for text in addresses)


def test_only_this_machine_is_listened_to(compose: dict[str, Any]) -> None:
    assert compose["services"]["mlflow"]["ports"] == ["127.0.0.1:5000:5000"]
    assert "ports" not in compose["services"]["database"]


def test_what_the_tests_start_differs_in_addresses_alone(compose: dict[str, Any], tmp_path: Path) -> None:
    assert set(SECRETS) == set(re.findall(r"\$\{(\w+):\?", TEXT))
    inside = re.compile(r"@database|/etc/mlflow|(?<![\w/])/artifacts")
    service = [
        *texts(compose["services"]["mlflow"]["environment"]),
        compose["configs"]["basic_auth"]["content"],
    ]
    changed = [text for text in service if inside.search(text)]
    # The database twice, for runs and for accounts; the settings of accounts; the files.
    assert len(changed) == 4
    assert not any(inside.search(on_this_machine(text, tmp_path)) for text in service)
    assert [on_this_machine(text, tmp_path) for text in service if text not in changed] == [
        text for text in service if text not in changed
    ]


def test_passwords_are_remembered_for_five_minutes(compose: dict[str, Any]) -> None:
    """Without that every request hashes one, 0.1 s of processor each."""
    accounts = ConfigParser()
    accounts.read_string(compose["configs"]["basic_auth"]["content"])
    assert accounts.getint("mlflow", "auth_cache_ttl_seconds") == 300


def test_the_page_draws_the_secrets_that_compose_asks_for(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    # Three more commands are run by tests/tracking/test_real_server.py; docker is not asked for here.
    (draw,) = (command for command in COMMANDS if not command.startswith(("docker ", "export ", "curl ")))
    subprocess.run(draw, shell=True, cwd=tmp_path, check=True)
    path = tmp_path / "deploy" / ".env"
    drawn = dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines())
    assert drawn.keys() == SECRETS.keys()
    # As it stands in an address and in an ini file; MLflow wants 12 letters of the administrator.
    assert all(re.fullmatch(r"[\w-]{12,}", value) for value in drawn.values())
    assert path.stat().st_mode & 0o077 == 0
    assert settings(drawn)["services"]["mlflow"]["environment"]["MLFLOW_AUTH_ADMIN_USERNAME"] == "admin"


def test_the_page_names_every_variable() -> None:
    optional = set(re.findall(r"\$\{(\w+):-", TEXT))
    assert optional == set(re.findall(r"^\| `(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert [command for command in COMMANDS if command.startswith("docker ")] == re.findall(
        r"^#   (docker .*)$", TEXT, re.MULTILINE
    )
