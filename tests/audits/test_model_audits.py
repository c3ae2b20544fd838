"""Training-free audits of finished models: the champion of a store, and somebody else's pyfunc."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toys
from golden import Golden
from ruamel.yaml import YAML
from typer.testing import CliRunner

from harness.audits.audit_protocol import FRAMES
from harness.audits.model_audits import UNTRAINED, audit_model
from harness.cli import main as cli
from harness.runs.classifiers import run_classifiers
from harness.tracking import names, run_metrics
from harness.tracking.auditable import auditable
from harness.tracking.promotion import promote
from harness.tracking.store import Store
from harness.values.errors import ConfigError, ModelError
from tests.audits.test_experiment_audits import prepared

FOREIGN = """\
import pandas as pd
from mlflow import pyfunc


class Foreign(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        from tests.audits import toy_world
        from harness.classifiers.protocol import Example

        rows = model_input.to_dict("records")
        asked = [
            Example(
                row["text"],
                row["target"],
                () if pd.isna(row["target_start"]) else ((int(row["target_start"]), int(row["target_end"])),),
            )
            for row in rows
        ]
        names = ("p_critical", "p_neutral", "p_supportive")
        return pd.DataFrame(toy_world.oracle(asked), columns=list(names))


from mlflow.models import set_model

set_model(Foreign())
"""


@pytest.fixture
def champion(folder: Path) -> Path:
    planned = prepared(folder, "  linear: {kind: linear}", more="audits: [behaviour]")
    (outcome,) = run_classifiers(planned, Store.open(folder))
    assert outcome.error is None
    promote(Store.open(folder), "world")
    return folder


def test_a_champion_says_what_it_said_in_its_experiment(champion: Path) -> None:
    planned = prepared(champion, "  linear: {kind: linear}")
    (outcome,) = run_classifiers(planned, Store.open(champion))
    assert outcome.result is not None
    in_experiment = {finding.audit: finding for finding in outcome.result.findings}
    audit = audit_model(auditable("models:/stance@champion"), "world.yaml")
    assert (audit.corpus, audit.n, audit.notes) == ("sentences", 160, ())
    in_audit = {finding.audit: finding for finding in audit.findings}
    assert list(in_audit) == [name for name in in_experiment if name != "leaks"]
    for name in ("sensitivity", "party_swap", "behaviour"):
        values, theirs = (
            np.array([[m.value, m.low, m.high] for m in finding.measures])
            for finding in (in_audit[name], in_experiment[name])
        )
        np.testing.assert_allclose(values, theirs, atol=1e-9, err_msg=name)
        assert in_audit[name].verdict == in_experiment[name].verdict
    assert in_audit["target_use"].sentence == UNTRAINED.reason
    assert in_audit["target_use"].verdict == in_audit["unseen"].verdict == "not applicable"


def test_the_verb_shows_logs_and_writes(champion: Path, golden: Golden) -> None:
    words = ["audit", "models:/stance@champion", "--corpus", "sentences.csv", "--output", "found"]
    more = ["--set", "corpus.parties=parties.yaml", "--set", "audits.sensitivity=off"]
    done = CliRunner().invoke(cli.app, [*words, *more], catch_exceptions=False)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert {"models:/stance@champion", "160", "sentences"} <= set(lines[0].split())
    assert "  failed: behaviour. " in done.output
    assert "sensitivity" not in done.output
    assert "'audits'" in lines[-2]
    assert lines[-1] == "found/report.html"
    page = (champion / "found/report.html").read_text(encoding="utf-8")
    header = re.sub("<[^>]*>", "", page[page.index("<header>") : page.index("</header>")]).strip()
    assert {"models:/stance@champion", "160", "sentences"} <= set(header.split())
    golden("audits/verb", "\n".join([lines[0], *lines[-2:], "", header]))
    findings = json.loads((champion / "found/findings.json").read_text(encoding="utf-8"))
    assert [finding["audit"] for finding in findings] == [
        *("target_use", "party_swap", "behaviour", "unseen", "annotators", "parity")
    ]
    assert (champion / "found/audits/measures.csv").is_file()
    store = Store.open(champion)
    (run,) = store.client.search_runs([store.experiment("audits")])
    assert run.data.tags[names.ROLE] == "audit"
    assert "failed" in run.data.tags[names.AUDITS]
    assert "behaviour" in run.data.tags[names.AUDITS]
    # The first measure of each audit, with its interval; all of them are in the table.
    assert "audit/party_swap_flips" in run.data.metrics
    assert len(run.data.metrics) <= run_metrics.MAX_METRICS
    path = store.client.download_artifacts(run.info.run_id, run_metrics.MEASURES)
    assert set(run.data.metrics) < set(pd.read_csv(path)["key"])


def test_a_pyfunc_of_somebody_elses(folder: Path) -> None:
    from mlflow import pyfunc

    prepared(folder, "  linear: {kind: linear}")
    (folder / "foreign.py").write_text(FOREIGN, encoding="utf-8")
    pyfunc.save_model(folder / "theirs", python_model=str(folder / "foreign.py"), pip_requirements=[])
    audit = audit_model(auditable(str(folder / "theirs")), "world.yaml")
    findings = {finding.audit: finding for finding in audit.findings}
    assert {name: finding.verdict for name, finding in findings.items()} == {
        **dict.fromkeys(("sensitivity", "behaviour", "parity"), "passed"),
        "party_swap": "undecided",
        **dict.fromkeys(("target_use", "unseen", "annotators"), "not applicable"),
    }
    # It cannot be asked about no target: its input has to name one.
    assert np.isnan(findings["sensitivity"].value("withheld_changes"))
    assert findings["sensitivity"].value("all_parties_right") == 1


def test_rows_that_may_be_training_rows_are_noted(champion: Path, golden: Golden) -> None:
    rows = pd.read_csv(champion / "sentences.csv").drop(columns="split")
    rows.to_csv(champion / "unsplit.csv", index=False)
    audit = audit_model(auditable("models:/stance@champion"), "unsplit.csv", ["audits=[behaviour]"])
    assert audit.n == len(rows)
    assert len(audit.notes) == 1
    golden("audits/note-no-test-rows", audit.notes[0])


def test_a_model_of_another_corpus_is_noted(champion: Path, golden: Golden) -> None:
    rows = pd.read_csv(champion / "sentences.csv")
    rows.assign(text=rows["text"] + " Again.").to_csv(champion / "other.csv", index=False)
    audit = audit_model(auditable("models:/stance@champion"), "other.csv", ["audits=[behaviour]"])
    assert len(audit.notes) == 1
    golden("audits/note-another-corpus", audit.notes[0])


def test_what_does_not_fit_is_refused(champion: Path, golden: Golden) -> None:
    with pytest.raises(ConfigError) as no_corpus:
        audit_model(auditable("models:/stance@champion"), "partylines")
    assert [problem.where for problem in no_corpus.value.problems] == ["--corpus"]
    path = champion / "framing.yaml"
    YAML().dump(
        {
            "name": "f",
            "task": "framing",
            "corpus": {"kind": "partyline"},
            "classifiers": {"p": {"kind": "prior"}},
        },
        path,
    )
    with pytest.raises(ModelError) as wrong_task:
        audit_model(auditable("models:/stance@champion"), "framing.yaml")
    rows = pd.read_csv(champion / "sentences.csv")
    rows.assign(stance=rows["stance"].replace("neutral", "none")).to_csv(champion / "none.csv", index=False)
    with pytest.raises(ModelError) as wrong_labels:
        audit_model(
            auditable("models:/stance@champion"),
            "none.csv",
            ["corpus.parties=parties.yaml", "labels=[critical,none,supportive]"],
        )
    errors = [no_corpus, wrong_task, wrong_labels]
    golden("audits/model-errors", "\n".join(str(error.value) for error in errors))


def test_a_model_trained_on_all_rows_is_noted(folder: Path, golden: Golden) -> None:
    planned = prepared(
        folder, "  linear: {kind: linear}", split="{kind: kfold, k: 2}", more="audits: [behaviour]"
    )
    list(run_classifiers(planned, Store.open(folder)))
    promote(Store.open(folder), "world")
    audit = audit_model(auditable("models:/stance@champion"), "sentences.csv", ["audits=[behaviour]"])
    assert len(audit.notes) == 1
    golden("audits/note-trained-on-all-rows", audit.notes[0])


def test_a_model_of_frames_is_told_what_does_not_apply(folder: Path) -> None:
    planned = toys.prepared(folder, "  verbs: {kind: 'toys:verbs'}", task="framing")
    list(run_classifiers(planned, Store.open(folder)))
    promote(Store.open(folder), "toys")
    findings = {
        finding.audit: finding
        for finding in audit_model(auditable("models:/framing@champion"), "toys.yaml").findings
    }
    assert {finding.verdict for finding in findings.values()} == {"not applicable"}
    for name in ("target_use", "sensitivity", "party_swap", "behaviour"):
        assert findings[name].sentence == FRAMES
