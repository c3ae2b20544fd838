"""An experiment whose test rows repeat training rows does not start, unless a person allows it."""

from __future__ import annotations

import json
from inspect import signature
from pathlib import Path

import pandas as pd
import pytest
import toys

from harness.classifiers.protocol import ReadsOtherTexts
from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.classifiers import check_leaks, run_classifiers
from harness.tracking import names
from harness.tracking.store import Store
from harness.values.catalog import CATALOGUES, bind, lookup
from harness.values.errors import LeakError
from harness.values.labels import STANCE
from tests.splits.leaks.planted import MAX_LEAKED

REPEATED = "Harbour Party met Varna in the old hall, for the 1000th time."


def leaky(folder: Path, audits: str = "") -> Prepared:
    """The toy corpus, with one sentence of train in test."""
    toys.prepared(folder, "  prior: {kind: prior}")
    table = folder / "sentences.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    for part, group in (("train", "g90"), ("test", "g91")):
        lines.append(f'x-{part},"{REPEATED}",Varna,neutral,,{group},{part}')
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = folder / "toys.yaml"
    config.write_text(config.read_text(encoding="utf-8") + audits, encoding="utf-8")
    return prepare(plan.read(config))


def test_it_does_not_start(folder: Path) -> None:
    with pytest.raises(LeakError) as caught:
        list(run_classifiers(leaky(folder), Store.open(folder)))
    message = str(caught.value)
    assert message.startswith("toys ")
    (line,) = [line.split() for line in message.splitlines() if "x-test" in line]
    assert [word for word in line if word.startswith("x-")] == ["x-test", "x-train"]
    assert [word for word in line if word.startswith("(")] == ["(test)", "(train)"]
    assert f"{MAX_LEAKED}: 1" in message


def test_what_is_allowed_by_hand_marks_the_runs(folder: Path) -> None:
    prepared, store = leaky(folder), Store.open(folder)
    leaks = check_leaks(prepared, allow=True)
    (outcome,) = run_classifiers(prepared, store, leaks=leaks)
    assert outcome.result is not None
    finding = outcome.result.findings[0]
    assert (finding.audit, finding.verdict) == ("leaks", "failed")
    runs = store.client.search_runs([store.experiment("toys")])
    assert {run.data.tags[names.LEAKS] for run in runs} == {"allowed"}
    assert len(runs) == 2  # the classifier and its trial
    parent = next(run for run in runs if run.data.tags[names.ROLE] == names.CLASSIFIER)
    assert parent.data.tags[names.AUDITS].startswith("failed leaks")
    path = store.client.download_artifacts(parent.info.run_id, "measures.csv")
    measures = pd.read_csv(path, index_col="key")["value"]
    assert measures["audit/leaks_repeated_rows"] == 1


def test_what_the_config_allows_does_not(folder: Path) -> None:
    prepared, store = leaky(folder, "audits: {leaks: {max_leaked_rows: 1}}\n"), Store.open(folder)
    (outcome,) = run_classifiers(prepared, store)
    assert outcome.result is not None
    runs = store.client.search_runs([store.experiment("toys")])
    assert all(names.LEAKS not in run.data.tags for run in runs)
    (again,) = run_classifiers(prepared, store)
    assert again.reused
    assert again.result is not None
    assert again.result.findings == outcome.result.findings


def test_the_gate_can_be_left_open(folder: Path) -> None:
    prepared = leaky(folder, "audits: {leaks: off}\n")
    assert check_leaks(prepared) is None


def test_findings_hold_no_sentence_where_runs_may_not(folder: Path) -> None:
    prepared = leaky(folder, "audits: {leaks: {max_leaked_rows: 1}}\n")
    config = prepared.plan.source
    config.write_text(config.read_text(encoding="utf-8").replace("log_text: true", "log_text: false"))
    prepared, store = prepare(plan.read(config)), Store.open(folder)
    (outcome,) = run_classifiers(prepared, store)
    assert outcome.result is not None
    assert "1000th" not in json.dumps([finding.to_dict() for finding in outcome.result.findings])
    written = [path for path in (folder / ".harness" / "artifacts").rglob("*") if path.is_file()]
    names_of = [path.name for path in written]
    assert {"findings.json", "measures.csv", "leaks_repeated.csv"} <= set(names_of)
    texts = [path.read_bytes() for path in written if path.suffix in (".json", ".csv", ".html")]
    assert not any(b"1000th" in text for text in texts)


def test_unlabelled_texts_are_searched_for_test_rows(folder: Path) -> None:
    file = folder / "news.csv"
    classifiers = f"  student: {{kind: distilled, unlabelled: {file}}}\n  prior: {{kind: prior}}"
    file.touch()
    prepared = toys.prepared(folder, classifiers)
    tested = prepared.corpus.take(prepared.splits[0].test[:2]).rows["text"].tolist()
    pd.DataFrame({"text": tested}).to_csv(file, index=False)
    leaks = check_leaks(prepared)
    assert leaks is not None
    assert leaks.finding.value("unlabelled_rows") >= 2
    assert any("student" in note for note in leaks.notes)


def test_unlabelled_texts_that_cannot_be_read_stop_their_classifier_alone(folder: Path) -> None:
    file = folder / "news.csv"
    file.write_text("target\nVarna\n", encoding="utf-8")
    prepared = toys.prepared(folder, f"  student: {{kind: distilled, unlabelled: {file}}}")
    leaks = check_leaks(prepared)
    assert leaks is not None
    assert "unlabelled_rows" not in {measure.name for measure in leaks.finding.measures}


def test_a_test_row_among_the_examples_of_a_prompt_is_found(folder: Path) -> None:
    prepared = leaky(folder)
    shown = prepared.corpus.take(list(prepared.splits[0].test[:1])).rows["text"].iloc[0]
    (folder / "own.md").write_text(f"{{{{ target }}}}: {{{{ text }}}}\nSuch as:\n{shown}\n", encoding="utf-8")
    options = {"url": "http://127.0.0.1:9/v1", "model": "none", "prompt": folder / "own.md"}
    classifier = bind("classifier", "llm", options).make(labels=STANCE, seed=0)
    assert shown in classifier.other_texts()
    shipped = bind("classifier", "llm", {**options, "prompt": None}).make(labels=STANCE, seed=0)
    assert shipped.other_texts() == []


def test_every_classifier_that_reads_a_file_shows_its_texts() -> None:
    """A file among the options may hold texts of test: the gate has to see them."""
    reading = [
        kind
        for kind, factory in ((kind, lookup("classifier", kind, "")) for kind in CATALOGUES["classifier"])
        if any("Path" in str(parameter.annotation) for parameter in signature(factory).parameters.values())
    ]
    assert {"distilled", "llm"} <= set(reading)
    required = {"llm": {"url": "http://127.0.0.1:9/v1", "model": "none"}}
    for kind in reading:
        classifier = bind("classifier", kind, required.get(kind, {})).make(labels=STANCE, seed=0)
        assert isinstance(classifier, ReadsOtherTexts), kind
