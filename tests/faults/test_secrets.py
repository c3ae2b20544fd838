"""Canaries in every place where a secret may stand: they reach whoever uses them, and nothing else."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from golden import Golden
from refused import listing

import harness
from harness.cli import main as command_line
from harness.config.load import document_of, load
from harness.config.plan import Plan, read
from harness.tracking.store import Store
from harness.values import secrets
from harness.values.catalog import bind
from harness.values.secrets import SecretText, hide
from tests.faults import canaries
from tests.faults.canaries import CANARIES, VISIBLE

pytestmark = pytest.mark.usefixtures("own_memory")


@pytest.fixture
def config(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config with canaries in an empty store."""
    for name, value in (CANARIES | VISIBLE).items():
        monkeypatch.setenv(name, value)
    canaries.SEEN.clear()
    return canaries.write(folder)


def forms(value: str) -> set[bytes]:
    """Return a value as texts, JSON, addresses and Python's messages may hold it."""
    written = {value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value), quote(value, safe="")}
    written.add(json.dumps(value, ensure_ascii=False)[1:-1])
    return {form.encode() for form in written} | {base64.b64encode(value.encode())}


def leaks(data: bytes) -> list[str]:
    return [name for name, value in CANARIES.items() for form in forms(value) if form in data]


def leaking_files(folder: Path) -> dict[str, list[str]]:
    """Return the files of a folder that hold a canary."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    named = {str(path.relative_to(folder)): leaks(path.read_bytes() + str(path).encode()) for path in files}
    return {name: found for name, found in named.items() if found}


class Terminal:
    """Runs the command line in this process, as :func:`harness.cli.main.main` is run by a shell."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capfd, self.monkeypatch, self.output = capfd, monkeypatch, ""

    def __call__(self, *arguments: str) -> int:
        self.monkeypatch.setattr(sys, "argv", ["harness", *arguments])
        self.capfd.readouterr()
        status = 0
        with self.monkeypatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.simplefilter("ignore", DeprecationWarning)
            for module, name in (
                (sys, "stdout"),
                (sys, "stderr"),
                (sys, "excepthook"),
                (warnings, "showwarning"),
            ):
                patch.setattr(module, name, getattr(module, name))
            handler = signal.getsignal(signal.SIGTERM)
            try:
                command_line.main()
            except SystemExit as end:
                status = int(end.code or 0)
            except RuntimeError as error:
                # What Python does with an exception that nothing catches.
                sys.excepthook(type(error), error, error.__traceback__)
                status = 1
            finally:
                signal.signal(signal.SIGTERM, handler)
        self.output = "".join(self.capfd.readouterr())
        return status


@pytest.fixture
def terminal(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capfd, monkeypatch)


def seen(name: str) -> list[Any]:
    return [options[name] for options in canaries.SEEN if name in options]


# A whole life


def test_canaries_are_used_and_found_nowhere(config: Path, terminal: Terminal, tmp_path: Path) -> None:
    secret = ("--set", "classifiers.spy.extra=${SET_TOKEN}")
    rows = tmp_path / "rows.csv"
    rows.write_text("text,target\nVarna praised the Harbour Party.,Harbour Party\n", encoding="utf-8")
    life = (
        (0, "validate", str(config)),
        (1, "run", str(config), *secret),
        (1, "run", str(config), *secret, "--json"),
        (0, "compare", "--experiment", "canaries"),
        (0, "promote", "--experiment", "canaries", "--classifier", "spy", "--force", "--reason", "a test"),
        (0, "predict", "--input", str(rows), "--output", str(tmp_path / "labelled.csv")),
        (1, "run", str(config), "--set", "classifiers.failing.fails=fault"),
        (1, "run", str(config), "--set", "classifiers.spy.headers=${HUB_TOKEN}"),
        (1, "run", str(config), "--set", "classifiers.spy.nothing=${HUB_TOKEN}"),
        (1, "run", str(config), "--set", "classifiers.spy.kind=${HUB_TOKEN}"),
    )
    for status, *arguments in life:
        ended = terminal(*arguments)
        assert (bool(ended), leaks(terminal.output.encode())) == (bool(status), []), (
            arguments,
            terminal.output,
        )
    # They were used: with their values, by factories.
    assert f"Bearer {CANARIES['HUB_TOKEN']} at {VISIBLE['PLACE']}" in seen("token")
    assert {CANARIES["GRID_TOKEN"], "none", CANARIES["FAILING_TOKEN"], CANARIES["EXTENDED_TOKEN"]} <= set(
        seen("token")
    )
    assert (f"X: {CANARIES['MY_SECRET_LIST']}", CANARIES["api_key"]) in seen("headers")
    pin = int(CANARIES["LISTED_PIN"])
    assert canaries.Account(CANARIES["PLAIN"], CANARIES["LISTED"], pin) in seen("account")
    assert CANARIES["SET_TOKEN"] in seen("extra")
    assert (set(seen("corpus")), set(seen("audit"))) == ({CANARIES["CORPUS_TOKEN"]}, {CANARIES["AUDIT_KEY"]})
    assert int(VISIBLE["MAX_TOKENS"]) in seen("limit")
    # And are kept nowhere.
    store = Store.open()
    assert leaking_files(tmp_path) == {}
    experiment = store.client.get_experiment_by_name("canaries")
    assert experiment is not None
    runs = store.client.search_runs([experiment.experiment_id])
    spy = next(run for run in runs if run.info.run_name == "spy")
    assert spy.data.params["option.token"].split() == ["Bearer", "${HUB_TOKEN}", "at", VISIBLE["PLACE"]]
    assert spy.data.params["option.limit"] == "17"
    assert spy.data.tags["owner"] == "${HUB_TOKEN}"
    failed = [run for run in runs if run.info.run_name == "failing"]
    assert len(failed) > 1
    assert all("${FAILING_TOKEN}" in run.data.tags["harness.error"] for run in failed)
    assert "${GRANT_PASSWORD}" in experiment.tags["mlflow.note.content"]


def test_a_classifier_that_saves_its_token_fails_and_leaves_nothing(config: Path, folder: Path) -> None:
    careless = {"kind": "tests.faults.canaries:careless", "token": "${HUB_TOKEN}"}
    with pytest.raises(harness.FailedClassifiersError) as failed:
        harness.run(config, set={"classifiers": {"careless": careless, "failing": None, "tuned": None}})
    assert set(failed.value.run.failed) == {"careless"}
    message = str(failed.value.run.failed["careless"])
    assert {"model/options.json", "${HUB_TOKEN}"} <= {word.strip(":,") for word in message.split()}
    assert leaking_files(folder) == {}


@pytest.mark.parametrize(("size", "seen"), [(secrets.MIN_BYTES - 1, ""), (secrets.MIN_BYTES, "${A_TOKEN}")])
def test_short_values_are_not_searched_for_in_files(tmp_path: Path, size: int, seen: str) -> None:
    value = "a1b2c3d4e5"[:size]
    secrets.register(value, "${A_TOKEN}")
    (tmp_path / "weights").write_bytes(b"\0\xff" + value.encode() + b"\xfe")
    (tmp_path / "empty").write_bytes(b"")
    assert (secrets.secret_in(tmp_path / "weights"), secrets.secret_in(tmp_path / "empty")) == (seen, "")


def test_the_canaries_would_be_found(tmp_path: Path) -> None:
    """The search is tested too: each value, in each of its forms, is found in a file among others."""
    for number in range(21):
        (tmp_path / f"{number}.txt").write_text("nothing", encoding="utf-8")
    for name, value in CANARIES.items():
        for form in forms(value):
            (tmp_path / "0.txt").write_bytes(b"x" + form + b"y")
            assert name in leaking_files(tmp_path)["0.txt"]


def test_a_kept_config_is_read_again(config: Path, folder: Path) -> None:
    plan = read(config, ["classifiers.tuned=~"])
    (folder / "kept.yaml").write_text(plan.config_text, encoding="utf-8")
    assert leaks(plan.config_text.encode()) == []
    again = read(folder / "kept.yaml")
    assert (again.digest, again.config_text) == (plan.digest, plan.config_text)
    assert again.classifiers[0].bound.options == plan.classifiers[0].bound.options


def digest_with(config: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    with monkeypatch.context() as patch:
        patch.setenv(name, value)
        return read(config).digest


def test_digests_use_the_name_of_a_secret_and_the_value_of_others(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = read(config).digest
    for name in CANARIES:
        other = "47194719" if name == "LISTED_PIN" else "another value"
        assert digest_with(config, monkeypatch, name, other) == digest, name
    # A number is no secret for its name: another one is another experiment.
    assert digest_with(config, monkeypatch, "PLACE", "elsewhere") != digest
    assert digest_with(config, monkeypatch, "MAX_TOKENS", "18") != digest


# What is a secret

TEXT = "kind: 'tests.faults.canaries:spy'"


def planned(folder: Path, options: str, more: str = "") -> Plan:
    canaries.toys.write_corpus(folder)
    path = folder / "one.yaml"
    path.write_text(
        f"name: one\ncorpus: {{kind: files, path: sentences.csv}}\n{more}\n"
        f"classifiers:\n  spy: {{kind: 'tests.faults.canaries:spy', {options}}}\n",
        encoding="utf-8",
    )
    return read(path)


NAMES = {
    "TOKEN": True,
    "HF_TOKEN": True,
    "my_api_key": True,
    "APIKEY": True,
    "KEYS": True,
    "DB_PASSWORD_2": True,
    "CLIENTSECRET": True,
    "TOKE": False,
    "PASS": False,
    "K_E_Y": False,
    "CORPORA": False,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_tells_a_secret(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "some value")
    option = planned(folder, f"token: '${{{name}}}'").classifiers[0].bound.canonical()["token"]
    assert option == (f"${{{name}}}" if NAMES[name] else "some value")


@pytest.mark.parametrize(
    ("value", "options", "shown", "given"),
    [
        # A secret of digits is text where text is taken, whatever YAML makes of it.
        ("0123", "token: '${A_TOKEN}'", "${A_TOKEN}", "0123"),
        ("1e5", "token: '${A_TOKEN}'", "${A_TOKEN}", "1e5"),
        ("true", "token: '${A_TOKEN}'", "${A_TOKEN}", "true"),
        ("[1, 2]", "token: '${A_TOKEN}'", "${A_TOKEN}", "[1, 2]"),
        ("${OTHER}", "token: 'x ${A_TOKEN}'", "x ${A_TOKEN}", "x ${OTHER}"),
        ("a default", "token: '${A_TOKEN:nothing}'", "${A_TOKEN}", "a default"),
        ("ab", "token: '${A_TOKEN}'", "${A_TOKEN}", "ab"),
    ],
)
def test_a_secret_is_shown_by_name_and_given_by_value(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str, options: str, shown: str, given: str
) -> None:
    monkeypatch.setenv("A_TOKEN", value)
    canaries.SEEN.clear()
    bound = planned(folder, options).classifiers[0].bound
    assert bound.canonical()["token"] == shown
    assert set(seen("token")) == {given}


def test_a_number_is_secret_only_where_that_is_declared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_TOKENS", "17")
    by_name = planned(folder, "limit: '${MAX_TOKENS}'").classifiers[0].bound
    declared = planned(folder, "limit: '${MAX_TOKENS}'", "secrets: [MAX_TOKENS]").classifiers[0].bound
    assert (by_name.options["limit"], declared.options["limit"]) == (17, "${MAX_TOKENS}")
    canaries.SEEN.clear()
    declared.make(labels=None, seed=1)
    assert seen("limit") == [17]


def test_paths_stay_visible(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries.toys.write_corpus(folder)
    monkeypatch.setenv("KEY_FILE", str(folder / "sentences.csv"))
    bound = bind("corpus", "files", document_of({}, ["path=${KEY_FILE}"]).data)
    assert bound.options["path"] == folder / "sentences.csv"


def test_numbers_of_other_settings_are_no_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED_KEY", "[3]")
    plan = planned(folder, "token: x", "seeds: ${SEED_KEY}")
    assert plan.config.seeds == (3,)


def test_a_joined_corpus_is_given_the_values(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canaries.toys.write_corpus(folder)
    monkeypatch.setenv("A_TOKEN", "canary-part")
    part = "{kind: 'tests.faults.canaries:corpus', path: sentences.csv, token: '${A_TOKEN}'}"
    (folder / "two.yaml").write_text(
        f"name: two\ncorpus: {{kind: joined, of: [{part}, {part}]}}\nclassifiers: {{a: {{kind: prior}}}}\n",
        encoding="utf-8",
    )
    plan = read(folder / "two.yaml")
    assert "canary-part" not in plan.config_text
    assert [of["token"] for of in secrets.reveal(dict(plan.corpus.options))["of"]] == ["canary-part"] * 2


def test_messages_about_secrets_show_their_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.setenv("A_TOKEN", "canary-" + "x" * 80)
    monkeypatch.delenv("UNSET_TOKEN", raising=False)
    actions = {
        "a number is needed": lambda: planned(folder, "limit: '${A_TOKEN}'"),
        "a list is needed": lambda: planned(folder, "headers: '${A_TOKEN}'"),
        "a group is needed": lambda: planned(folder, "account: '${A_TOKEN}'"),
        "in a group": lambda: planned(folder, "account: {pin: '${A_TOKEN}'}"),
        "in a list": lambda: planned(folder, "headers: [1, '${A_TOKEN}']"),
        "an option that does not exist": lambda: planned(folder, "tokn: '${A_TOKEN}'"),
        "an unknown kind": lambda: planned(folder, "token: x", "split: {kind: '${A_TOKEN}'}"),
        "a setting": lambda: planned(folder, "token: x", "thresholds: '${A_TOKEN}'"),
        "a name": lambda: planned(folder, "token: x", "model_name: '${A_TOKEN}'"),
        "not set": lambda: planned(folder, "token: '${UNSET_TOKEN}'"),
        "not set after --set": lambda: load(folder / "one.yaml", ["classifiers.spy.token=${UNSET_TOKEN}"]),
        "secrets is no list": lambda: planned(folder, "token: x", "secrets: A_TOKEN"),
    }
    text = listing(actions).replace(str(folder), "FOLDER")
    assert "canary" not in text
    golden("config/secrets", text)


def test_secrets_are_copied_and_sent_whole() -> None:
    import copy
    import pickle

    secret = SecretText("${A}", "value", 3, False)
    for again in (copy.deepcopy(secret), copy.copy(secret), pickle.loads(pickle.dumps(secret))):
        assert (again, again.value, again.parsed, again.declared) == ("${A}", "value", 3, False)
    assert (repr(secret), f"{secret}", json.dumps([secret])) == ("'${A}'", "${A}", '["${A}"]')


def test_short_values_and_numbers_are_not_searched_for_in_texts() -> None:
    secrets.register("abc", "${A}")
    secrets.register("abcd", "${B}")
    secrets.register("1234567", "${C}", declared=False)
    secrets.register("12345678", "${D}", declared=False)
    secrets.register("4321", "${E}")
    assert hide("abc abcd 1234567 12345678 4321") == "abc ${B} 1234567 ${D} ${E}"
    secrets.register("abcdef", "${F}")
    assert hide("abcdef") == "${F}"


def test_output_of_the_command_line_hides_what_other_code_prints() -> None:
    code = (
        "import os, sys\n"
        "from harness.cli import main\n"
        "from harness.values.secrets import register\n"
        "register('canary-printed', '${A_TOKEN}')\n"
        "def app(**_):\n"
        "    print('printed canary-printed')\n"
        "    sys.stdout.writelines(['lines canary-printed\\n'])\n"
        "    sys.stdout.buffer.write(b'rows\\n')\n"
        "    raise RuntimeError('raised canary-printed')\n"
        "main.app = app\n"
        "main.main()\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert sorted(answer.stdout.splitlines()) == ["lines ${A_TOKEN}", "printed ${A_TOKEN}", "rows"]
    assert "canary" not in answer.stderr
    assert answer.stderr.splitlines()[-1].endswith(" ${A_TOKEN}")
    assert harness.__version__
