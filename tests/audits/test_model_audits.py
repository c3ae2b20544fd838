"""A finished model is asked, whoever made it: the champion of a store, and a pyfunc that knows no harness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toys
from ruamel.yaml import YAML
from typer.testing import CliRunner

from harness.audits.model_audits import audit_model
from harness.classifiers.protocol import Example
from harness.cli import main as cli
from harness.runs.classifiers import run_classifiers
from harness.tracking import names
from harness.tracking.auditable import auditable, load_for_audit, read_probabilities, rows_of
from harness.tracking.promotion import promote
from harness.tracking.store import Store
from harness.values.errors import ConfigError, ModelError
from harness.values.labels import STANCE
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
    made = prepared(folder, "  linear: {kind: linear}", more="audits: [behaviour]")
    (outcome,) = run_classifiers(made, Store.open(folder))
    assert outcome.error is None
    promote(Store.open(folder), "world")
    return folder


def test_a_champion_says_what_it_said_in_its_experiment(champion: Path) -> None:
    made = prepared(champion, "  linear: {kind: linear}")
    (outcome,) = run_classifiers(made, Store.open(champion))
    assert outcome.result is not None
    own = {one.audit: one for one in outcome.result.findings}
    examined = audit_model(auditable("models:/stance@champion"), "world.yaml")
    assert (examined.corpus, examined.n, examined.notes) == ("sentences", 160, ())
    found = {one.audit: one for one in examined.findings}
    assert list(found) == [name for name in own if name != "leaks"]
    for name in ("sensitivity", "party_swap", "behaviour"):
        values, theirs = (
            np.array([[m.value, m.low, m.high] for m in one.measures]) for one in (found[name], own[name])
        )
        np.testing.assert_allclose(values, theirs, atol=1e-9, err_msg=name)
        assert found[name].verdict == own[name].verdict
    assert found["target_use"].sentence == (
        "A finished model cannot show it: the audit trains the classifier once more without the target, which"
        " an experiment does."
    )
    assert found["unseen"].sentence == "It is not known what the model was trained on."


def test_the_verb_shows_logs_and_writes(champion: Path) -> None:
    words = ["audit", "models:/stance@champion", "--corpus", "sentences.csv", "--output", "found"]
    more = ["--set", "corpus.parties=parties.yaml", "--set", "audits.sensitivity=off"]
    done = CliRunner().invoke(cli.app, [*words, *more], catch_exceptions=False)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == "models:/stance@champion on 160 rows of sentences"
    assert "  failed: behaviour. " in done.output
    assert "sensitivity" not in done.output
    assert lines[-2:] == ["Logged to the experiment 'audits'.", "found/report.html"]
    page = (champion / "found/report.html").read_text(encoding="utf-8")
    assert "Asked about 160 rows of sentences, and about variants of them; nothing was trained." in page
    findings = json.loads((champion / "found/findings.json").read_text(encoding="utf-8"))
    assert [one["audit"] for one in findings] == [
        *("target_use", "party_swap", "behaviour", "unseen", "annotators")
    ]
    assert (champion / "found/audits/measures.csv").is_file()
    store = Store.open(champion)
    (run,) = store.client.search_runs([store.experiment("audits")])
    assert run.data.tags[names.ROLE] == "audit"
    assert run.data.tags["harness.audit.behaviour"] == "failed"
    assert "audit/party_swap_flips" in run.data.metrics


def test_a_pyfunc_of_somebody_elses(folder: Path) -> None:
    from mlflow import pyfunc

    prepared(folder, "  linear: {kind: linear}")
    (folder / "foreign.py").write_text(FOREIGN, encoding="utf-8")
    pyfunc.save_model(folder / "theirs", python_model=str(folder / "foreign.py"), pip_requirements=[])
    examined = audit_model(auditable(str(folder / "theirs")), "world.yaml")
    found = {one.audit: one for one in examined.findings}
    assert {name: one.verdict for name, one in found.items()} == {
        **dict.fromkeys(("sensitivity", "party_swap", "behaviour"), "passed"),
        **dict.fromkeys(("target_use", "unseen", "annotators"), "not applicable"),
    }
    # It cannot be asked about no target: its input has to name one.
    assert np.isnan(found["sensitivity"].value("withheld_changes"))
    assert found["sensitivity"].value("all_parties_right") == 1


def test_rows_that_may_have_been_learned_from_are_noted(champion: Path) -> None:
    rows = pd.read_csv(champion / "sentences.csv").drop(columns="split")
    rows.to_csv(champion / "unsplit.csv", index=False)
    examined = audit_model(auditable("models:/stance@champion"), "unsplit.csv", ["audits=[behaviour]"])
    assert examined.n == len(rows)
    assert examined.notes == (
        "The model may have learned from these rows: the corpus does not say which of them are for test.",
    )


def test_a_model_of_another_corpus_says_so(champion: Path) -> None:
    rows = pd.read_csv(champion / "sentences.csv")
    rows.assign(text=rows["text"] + " Again.").to_csv(champion / "other.csv", index=False)
    examined = audit_model(auditable("models:/stance@champion"), "other.csv", ["audits=[behaviour]"])
    assert examined.notes == ("The model learned from another corpus, or from another state of this one.",)


def test_what_does_not_fit_is_refused(champion: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        audit_model(auditable("models:/stance@champion"), "partylines")
    assert (
        str(raised.value)
        == "--corpus: there is no corpus and no file 'partylines'; did you mean 'partyline'?"
    )
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
    with pytest.raises(ModelError) as wrong:
        audit_model(auditable("models:/stance@champion"), "framing.yaml")
    assert str(wrong.value) == "models:/stance@champion is for stance; the config is for framing"
    with pytest.raises(ModelError, match="there is no model 'nowhere'"):
        load_for_audit("nowhere")
    (champion / "empty").mkdir()
    with pytest.raises(ModelError, match="empty is no model that MLflow can load: "):
        load_for_audit("empty")


def test_rows_for_a_pyfunc_have_the_kinds_of_a_served_model() -> None:
    made = rows_of([Example("A met B.", "B", ((6, 7), (0, 1)), "A"), Example("A met B.", "C")])
    assert made.to_dict("records")[0] == {
        "text": "A met B.",
        "target": "B",
        "target_start": 6.0,
        "target_end": 7.0,
        "holder": "A",
    }
    assert made["holder"].tolist() == ["A", None]
    assert made["target_start"].dtype == made["target_end"].dtype == np.float64


@pytest.mark.parametrize(
    ("columns", "n", "message"),
    [
        (
            ["label", "p_critical", "p_supportive"],
            2,
            "m does not answer with p_neutral, but with label, p_critical, p_supportive; the corpus is"
            " labelled critical, neutral, supportive",
        ),
        (["p_critical", "p_neutral", "p_supportive"], 3, "m was asked about 3 rows and answered 2"),
    ],
)
def test_answers_that_cannot_be_used(columns: list[str], n: int, message: str) -> None:
    answer: Any = pd.DataFrame([[0.5] * len(columns)] * 2, columns=columns)
    with pytest.raises(ModelError) as raised:
        read_probabilities("m", answer, STANCE, n)
    assert str(raised.value) == message
    assert read_probabilities("m", an_answer(), STANCE, 1).tolist() == [[0.2, 0.3, 0.5]]


def an_answer() -> pd.DataFrame:
    return pd.DataFrame({"p_supportive": [0.5], "p_critical": [0.2], "p_neutral": [0.3], "other": ["x"]})


def test_one_that_learned_from_all_rows_says_so(folder: Path) -> None:
    made = prepared(
        folder, "  linear: {kind: linear}", split="{kind: kfold, k: 2}", more="audits: [behaviour]"
    )
    list(run_classifiers(made, Store.open(folder)))
    promote(Store.open(folder), "world")
    examined = audit_model(auditable("models:/stance@champion"), "sentences.csv", ["audits=[behaviour]"])
    assert examined.notes == (
        "The model learned from all rows of this corpus, those that it was asked about too.",
    )


def test_a_model_of_frames_is_told_what_does_not_apply(folder: Path) -> None:
    made = toys.prepared(folder, "  verbs: {kind: 'toys:verbs'}", task="framing")
    list(run_classifiers(made, Store.open(folder)))
    promote(Store.open(folder), "toys")
    found = {
        one.audit: one for one in audit_model(auditable("models:/framing@champion"), "toys.yaml").findings
    }
    assert {one.verdict for one in found.values()} == {"not applicable"}
    for name in ("target_use", "sensitivity", "party_swap", "behaviour"):
        assert found[name].sentence == "Frames belong to the sentence, whichever party is asked about."
