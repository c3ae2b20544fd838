from __future__ import annotations

from pathlib import Path

import pytest

from harness.values import trusted_hosts
from harness.values.trusted_hosts import NAME, bind_key, hosts_file, is_bound, is_trusted, origin, trust_host


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("api.example.org", "https://api.example.org:443"),
        ("API.Example.org/v1", "https://api.example.org:443"),
        ("https://api.example.org:8443/v1", "https://api.example.org:8443"),
        ("http://llm.local:8000", "http://llm.local:8000"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(address: str, expected: str) -> None:
    assert origin(address) == expected


@pytest.mark.parametrize(
    "address",
    ["", "ftp://a.example.org", "https://", "https://ann:pw@a.example.org", "http://a.example.org:x"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        origin(address)
    assert "pw" not in str(caught.value)


URL = "https://api.example.org/v1"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.org.evil.example/v1",
        "https://evil.example/api.example.org",
        "https://api.example.org:8443/v1",
        "http://api.example.org/v1",
        "https://example.org/v1",
        "https://api.example.org@evil.example/v1",
    ],
)
def test_a_key_goes_to_the_very_address_that_it_was_bound_to(url: str) -> None:
    bind_key("LLM_KEY", "api.example.org")
    assert is_bound("LLM_KEY", URL)
    assert not is_bound("LLM_KEY", url)
    assert not is_bound("OTHER_KEY", URL)


def test_a_key_may_be_bound_to_several_addresses() -> None:
    bind_key("LLM_KEY", "a.example.org")
    bind_key("LLM_KEY", "http://b.example.org:8000")
    bind_key("OTHER_KEY", "c.example.org")
    assert is_bound("LLM_KEY", "https://a.example.org/v1")
    assert is_bound("LLM_KEY", "http://b.example.org:8000/v1")
    assert not is_bound("LLM_KEY", "https://c.example.org/v1")


def test_on_this_machine_http_needs_no_scheme() -> None:
    bind_key("LLM_KEY", "127.0.0.1:8080")
    assert is_bound("LLM_KEY", "http://127.0.0.1:8080/v1")
    assert not is_bound("LLM_KEY", "http://127.0.0.1:8081/v1")


def test_a_loaded_model_may_ask_this_machine_and_trusted_hosts() -> None:
    assert is_trusted("http://localhost:8080/v1")
    assert not is_trusted(URL)
    trust_host("api.example.org")
    assert is_trusted(URL)
    assert not is_bound("LLM_KEY", URL)


def test_binding_a_key_trusts_its_host() -> None:
    bind_key("LLM_KEY", "api.example.org")
    assert is_trusted(URL)


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"keys": []}', '{"keys": {"LLM_KEY": "x"}, "hosts": "y"}']
)
def test_a_damaged_file_allows_nothing(damage: str) -> None:
    hosts_file().parent.mkdir(parents=True)
    hosts_file().write_text(damage)
    assert not is_bound("LLM_KEY", URL)
    assert not is_trusted(URL)
    assert trusted_hosts.remembered() == ({}, [])


@pytest.mark.parametrize(
    ("name", "fits"), [("LLM_KEY", True), ("K", True), ("sk-abc", False), ("llm_key", False)]
)
def test_a_variable_is_told_from_a_key(name: str, fits: bool) -> None:
    assert bool(NAME.fullmatch(name)) == fits
