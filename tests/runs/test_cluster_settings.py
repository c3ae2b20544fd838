"""What is known of a cluster before anything runs there: its address, its token, the room that it has."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from typer.testing import CliRunner

from harness.articles.reading_options import ReadingOptions
from harness.cli import main as cli
from harness.runs.executors.cluster import connection
from harness.runs.executors.cluster.address import Address, check_token
from harness.runs.executors.cluster.allocation import Allocation, Node, Request, allocate
from harness.runs.executors.cluster.connection import Cluster
from harness.runs.executors.cluster.reading import ReadOnCluster
from harness.runs.executors.cluster.refusals import check_node, worded
from harness.runs.executors.cluster.workers import FolderArrivals
from harness.runs.executors.jobs import ENDED
from harness.runs.executors.reading import parts_folder
from harness.values.errors import ClusterError, MissingPackageError, ModelError
from tests.golden import Golden
from tests.serving.toy_models import listing

if TYPE_CHECKING:
    from harness.articles.labelled_articles import ArticleReader

SMALL, LARGE = Node("a", "10.0.0.1", 4, 0, 8.0), Node("b", "10.0.0.2", 16, 2, 64.0)
NEEDS = "--executor ray needs --input and --output"
HEAD = Address("10.0.0.1", 6379)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ClusterError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("nodes", "request_", "jobs", "expected"),
    [
        ([SMALL], Request(), 100, Allocation(4, 1, 0.0, 0.0)),
        ([SMALL], Request(gib=3.0), 100, Allocation(2, 1, 0.0, 3.0)),
        ([SMALL], Request(workers=2), 100, Allocation(2, 2, 0.0, 0.0)),
        ([SMALL, SMALL], Request(), 3, Allocation(3, 2, 0.0, 0.0)),
        ([SMALL, LARGE], Request(), 100, Allocation(2, 1, 1.0, 0.0)),
        ([SMALL, LARGE], Request(gpus=0.5), 100, Allocation(4, 1, 0.5, 0.0)),
        ([SMALL, LARGE], Request(gpus=0), 100, Allocation(20, 1, 0, 0.0)),
    ],
)
def test_jobs_take_the_room_that_there_is(
    nodes: list[Node], request_: Request, jobs: int, expected: Allocation
) -> None:
    assert allocate(nodes, request_, jobs) == expected


def test_an_address_is_of_this_machine_alone_or_not() -> None:
    assert [Address.parse(f"{host}:1").is_loopback for host in ("127.0.0.1", "127.9.9.9", "[::1]")] == [
        True
    ] * 3
    assert not Address.parse("10.0.0.1:6379").is_loopback
    assert not Address.parse("head..example:6379").is_loopback


def test_what_is_refused_before_anything_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/HOME"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    token, has = {"RAY_AUTH_MODE": "token"}, {"python": "3.11.7", "ray": "2.60.0", "token": True}
    here = {"python": "3.11.7", "ray": "2.60.0"}
    cases = {
        "no address": lambda: Address.parse(""),
        "a URL": lambda: Address.parse("ray://head:10001"),
        "no name": lambda: Address.parse("head..example:6379").check(),
        "nothing listens": lambda: Address("127.0.0.1", port).check(),
        "no token mode": lambda: check_token(HEAD, {}),
        "no token": lambda: check_token(HEAD, token),
        "no room": lambda: allocate([SMALL], Request(threads=8), 1),
        "another Python": lambda: check_node(HEAD, SMALL, has | {"python": "3.12.1"}, here),
        "another Ray": lambda: check_node(HEAD, SMALL, has | {"ray": "2.50.0"}, here),
        "an open node": lambda: check_node(HEAD, SMALL, has | {"token": False}, here),
        "a bare node": lambda: check_node(HEAD, SMALL, has | {"lacks": ["torch"]}, here),
        "a silent node": lambda: check_node(HEAD, SMALL, {"error": "it does not answer"}, here),
    }
    messages = {case: refusal(call).replace(str(port), "PORT") for case, call in cases.items()}
    mismatch = "Version mismatch: The cluster was started with:\n    Ray: 2.50.0\n    Python: 3.11.7"
    messages["versions"] = str(worded(HEAD, "RuntimeError", mismatch, ""))
    messages["no node here"] = str(worded(HEAD, "RuntimeError", "cannot find any node with that IP", ""))
    assert all("\n" not in message for message in messages.values())
    golden("runs/cluster_refusals", listing(messages))


def test_without_ray_it_is_said_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"stance-harness\[ray\]"):
        Cluster(HEAD, print)
    assert connection.SILENT_SECONDS <= 30


def test_files_of_a_result_appear_together_and_in_their_folder(tmp_path: Path) -> None:
    arrivals = FolderArrivals(tmp_path)
    for name, piece in (("a/b.bin", b"12"), ("a/b.bin", b"34"), ("c.txt", b"")):
        arrivals.take(name, piece)
    assert not (tmp_path / ENDED).exists()
    with pytest.raises(ValueError, match="outside"):
        arrivals.take("../outside", b"1")
    arrivals.finish()
    assert (tmp_path / ENDED / "a" / "b.bin").read_bytes() == b"1234"
    assert (tmp_path / ENDED / "c.txt").read_bytes() == b""
    assert FolderArrivals(tmp_path).is_done


def test_predict_needs_files_to_cut(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,target\na,b\n", encoding="utf-8")
    ray = ["predict", "--executor", "ray", "--ray-address", "head:6379"]
    result = CliRunner().invoke(cli.app, [*ray, "-i", str(tmp_path / "a.csv")])
    assert result.exit_code != 0
    assert NEEDS in str(result.exception)


@pytest.mark.parametrize("verb", [("predict", "-i"), ("read",)])
def test_an_address_is_checked_before_anything_is_fetched(verb: tuple[str, ...]) -> None:
    call = [*verb, "s3://press/rows.csv", "--executor", "ray", "--ray-address", "ray://head:10001"]
    assert isinstance(CliRunner().invoke(cli.app, call).exception, ClusterError)


def test_what_is_read_for_a_stream_lies_in_a_temporary_folder(tmp_path: Path) -> None:
    with parts_folder(ReadingOptions(outputs=(Path("/dev/stdout"),))) as folder:
        assert folder.is_dir()
    outputs = (Path("/dev/stdout"), tmp_path / "rows.csv")
    with parts_folder(ReadingOptions(outputs=outputs)) as folder:
        assert folder.parent == tmp_path
    assert not folder.exists()


def test_words_of_one_s_own_are_not_left_behind_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "de.yaml").write_text("say: postet\n", encoding="utf-8")
    monkeypatch.setenv("HARNESS_LANGUAGES", str(tmp_path))
    options = ReadingOptions(outputs=(tmp_path / "rows.csv",), stance=None, frames=None)
    read = ReadOnCluster(HEAD)([], options, cast("ArticleReader", None), [])
    with pytest.raises(ModelError, match="HARNESS_LANGUAGES"):
        next(read)
