"""``harness trust`` for keys and hosts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.values import trusted_hosts

URL = "https://api.example.org/v1"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def called(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["trust", *arguments])
    return result.exit_code, result.output


def test_a_key_is_bound() -> None:
    code, _ = called("key", "LLM_KEY", "api.example.org")
    assert code == 0
    assert trusted_hosts.is_bound("LLM_KEY", URL)
    assert not trusted_hosts.is_bound("LLM_KEY", "https://other.example.org/v1")


def test_a_host_is_trusted_and_no_key_is_bound() -> None:
    assert called("host", "api.example.org")[0] == 0
    assert trusted_hosts.is_trusted(URL)
    assert trusted_hosts.remembered() == ({}, ["https://api.example.org:443"])


def test_what_is_trusted_is_listed() -> None:
    called("key", "LLM_KEY", "api.example.org")
    called("host", "llm.example.org")
    output = called()[1]
    for name in ("LLM_KEY", "https://api.example.org:443", "https://llm.example.org:443"):
        assert name in output


@pytest.mark.parametrize(
    "arguments",
    [
        ("key",),
        ("key", "LLM_KEY"),
        ("key", "sk-canary", "api.example.org"),
        ("key", "LLM_KEY", "ftp://api.example.org"),
        ("key", "LLM_KEY", "a.example.org", "b.example.org"),
        ("host",),
        ("host", "a.example.org", "b.example.org"),
        ("mine.py", "theirs.py"),
    ],
)
def test_anything_else_changes_nothing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    code, output = called(*arguments)
    assert code != 0
    assert "sk-canary" not in output
    assert not list(tmp_path.rglob("*.json"))


def test_the_file_holds_names_and_addresses() -> None:
    called("key", "LLM_KEY", "api.example.org")
    data = json.loads(trusted_hosts.hosts_file().read_text())
    assert data == {"keys": {"LLM_KEY": ["https://api.example.org:443"]}, "hosts": []}
