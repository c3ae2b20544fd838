"""A finished model and a corpus in, what the audits that need no training find out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits import Audit, Subject, run_audits
from harness.classifiers.protocol import Examples, examples_of
from harness.config import plan
from harness.config.load import document_of
from harness.config.plan import Plan
from harness.tracking.auditable import AuditableModel
from harness.tracking.store import Store
from harness.values.catalog import CATALOGUES
from harness.values.errors import ConfigError, ModelError, Problem, suggest
from harness.values.findings import Finding
from harness.values.labels import check_probabilities
from harness.values.tables import Corpus, Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXPERIMENT = "audits"
GATE, CONFIGS = "leaks", (".yaml", ".yml")
UNTRAINED = (
    "A finished model cannot show it: the audit trains the classifier once more without the target, which an"
    " experiment does."
)


@dataclass(frozen=True)
class ModelAudit:
    """What was found out about a model.

    Attributes
    ----------
    uri : str
    corpus : str
    n : int
        Rows that it was asked about, variants left out.
    notes : tuple of str
        What limits the findings.
    findings : tuple of Finding
    """

    uri: str
    corpus: str
    n: int
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def audit_model(model: AuditableModel, corpus: str, sets: Sequence[str] = ()) -> ModelAudit:
    """Ask a model about the rows of a corpus, and about variants of them.

    Parameters
    ----------
    model : AuditableModel
        See :func:`harness.tracking.auditable.auditable`.
    corpus : str
        A name of the catalogue (``partyline``); a table with ``text``, ``target`` and ``stance`` (CSV, TSV,
        JSONL, Parquet); or a config, whose corpus, test rows and audits are taken.
    sets : sequence of str
        ``corpus.variant=rw``, ``audits.party_swap.items=50``, as after ``--set``.

    Raises
    ------
    ConfigError, CorpusError
        Where the corpus is not what it should be.
    ModelError
        Where the model cannot be loaded, is for another task, or has other labels.
    """
    uri = model.uri
    resolved = _plan(model, corpus, sets)
    labels, task = resolved.labels, resolved.config.task
    if model.task not in (None, task):
        raise ModelError(f"{uri} is for {model.task}; the config is for {task}")
    if model.labels not in (None, labels):
        assert model.labels is not None
        own, theirs = (", ".join(one.names) for one in (model.labels, labels))
        raise ModelError(f"{uri} says {own}; the corpus is labelled {theirs}")
    whole = resolved.corpus.make(labels=labels, task=task).for_task(task, labels)
    ids, held_out = _test_rows(resolved, whole, corpus)
    tested = whole.take(ids)
    subject = _subject(model, resolved, whole, tested, held_out=held_out)
    audits: dict[str, Audit] = {name: one.make() for name, one in resolved.audits.items() if name != GATE}
    findings = run_audits(subject, audits, lambda examples: model.predict(examples, labels))
    if not resolved.config.tracking.log_text:
        findings = tuple(one.without_texts() for one in findings)
    return ModelAudit(uri, whole.name, len(tested), _notes(model, whole, held_out=held_out), findings)


def _plan(model: AuditableModel, corpus: str, sets: Sequence[str]) -> Plan:
    """Resolve what ``--corpus`` names: a config, a table, or a corpus of the catalogue."""
    path = Path(corpus)
    if path.suffix in CONFIGS:
        return plan.read(path, sets)
    if path.suffix or path.exists():
        part: dict[str, Any] = {"kind": "files", "path": str(path.resolve())}
    elif corpus in CATALOGUES["corpus"]:
        part = {"kind": corpus}
    else:
        hint = suggest(corpus, CATALOGUES["corpus"])
        raise ConfigError([Problem("--corpus", f"there is no corpus and no file {corpus!r}", hint)])
    data = {"name": "audit", "task": model.task or "stance", "corpus": part}
    return plan.resolve(document_of({**data, "classifiers": {"asked": {"kind": "prior"}}}, sets))


def _test_rows(resolved: Plan, whole: Corpus, corpus: str) -> tuple[list[str], bool]:
    """Return the ids to ask about, and whether they are known for rows that nothing is trained on."""
    rows = whole.rows
    if Path(corpus).suffix in CONFIGS:
        splits = resolved.split.make(labels=resolved.labels).draw(whole, resolved.labels)
        return list(dict.fromkeys(id_ for split in splits for id_ in split.test)), len(splits) == 1
    declared = rows["id"][rows["split"] == "test"] if "split" in rows.columns else rows["id"][:0]
    if len(declared):
        return [str(one) for one in declared], True
    return [str(one) for one in rows["id"]], False


def _subject(
    model: AuditableModel, resolved: Plan, whole: Corpus, tested: Corpus, *, held_out: bool
) -> Subject:
    labels = resolved.labels
    proba = _answered(model, resolved, examples_of(tested.rows, tested.parties))
    made = Predictions.of(tested, labels, proba, run="model", split="test") if held_out else None
    return Subject(
        name="the model",
        task=resolved.config.task,
        labels=labels,
        corpus=whole,
        tested=tested,
        proba=proba,
        said=labels.decide(proba),
        metric=resolved.primary,
        predictions=made,
        blind=UNTRAINED,
        accepts_no_target=model.accepts_no_target,
    )


def _answered(model: AuditableModel, resolved: Plan, examples: Examples) -> NDArray[np.float64]:
    """Ask about each distinct row once."""
    labels = resolved.labels
    distinct = {one: place for place, one in enumerate(dict.fromkeys(examples))}
    proba = model.predict(list(distinct), labels)
    check_probabilities(proba, (len(distinct), len(labels)), sums_to_one=not labels.multi)
    return proba[[distinct[one] for one in examples]]


def _notes(model: AuditableModel, whole: Corpus, *, held_out: bool) -> tuple[str, ...]:
    notes = []
    if not held_out:
        notes.append(
            "The model may have learned from these rows: the corpus does not say which of them are for test."
        )
    elif model.saw_all and model.trained_on == whole.fingerprint:
        notes.append("The model learned from all rows of this corpus, those that it was asked about too.")
    elif model.trained_on and model.trained_on != whole.fingerprint:
        notes.append("The model learned from another corpus, or from another state of this one.")
    return tuple(notes)


def log_model_audit(store: Store | None, examined: ModelAudit, output: Path | None = None) -> str:
    """Log what was found, and write it where a person wants it.

    Parameters
    ----------
    store : Store or None
        None logs nothing.
    examined : ModelAudit
    output : Path, optional
        A folder, made if missing, for ``report.html``, ``findings.json`` and a CSV file each table.

    Returns
    -------
    str
        The name of the experiment that it was logged to.
    """
    from harness.reports.pages import audits_page
    from harness.tracking.audit_runs import log_audits
    from harness.tracking.saved import write_findings

    with tempfile.TemporaryDirectory(prefix="harness-audit-") as name:
        folder = Path(name)
        write_findings(folder, examined.findings)
        about = f"{examined.n:,} rows of {examined.corpus}"
        page = audits_page(examined.uri, about, examined.notes, examined.findings)
        (folder / "report.html").write_text(page, encoding="utf-8")
        if store is not None:
            log_audits(store, EXPERIMENT, f"{examined.uri} on {examined.corpus}", folder, examined.findings)
        if output is not None:
            shutil.copytree(folder, output, dirs_exist_ok=True)
    return EXPERIMENT
