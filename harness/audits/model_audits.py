"""A finished model and a corpus in; the findings of the audits that need no training out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits import Audit, Subject, Unavailable, run_audits
from harness.audits.runner import variants
from harness.classifiers.corpus_rows import corpus_examples
from harness.classifiers.protocol import Examples
from harness.classifiers.remote import AsksServer
from harness.config import plan
from harness.config.load import document_of
from harness.config.plan import Plan
from harness.evaluation.row_origins import refuse_picked
from harness.serving.inference.server_costs import ServerCost, check_effect, server_cost
from harness.tracking.auditable import AuditableModel
from harness.tracking.store import Store
from harness.values.catalog import CATALOGUES
from harness.values.errors import ConfigError, ModelError, Problem, suggest
from harness.values.findings import Finding
from harness.values.formatting import counted
from harness.values.labels import check_probabilities, unstated_rows
from harness.values.language import mismatch, outside
from harness.values.outputs import write_folder
from harness.values.tables import Corpus, Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

Announce = Callable[[ServerCost], object]

EXPERIMENT = "audits"
GATE, CONFIGS = "leaks", (".yaml", ".yml")
UNTRAINED = Unavailable(
    "This audit trains the classifier once more without the target; only an experiment can do that, not a"
    " finished model."
)


@dataclass(frozen=True)
class ModelAudit:
    """Audits of a model on a corpus.

    Attributes
    ----------
    uri : str
    corpus : str
    n : int
        Number of audited rows, without their variants.
    notes : tuple of str
        What limits the findings, one sentence each.
    findings : tuple of Finding
    """

    uri: str
    corpus: str
    n: int
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def audit_model(
    model: AuditableModel,
    corpus: str,
    overrides: Sequence[str] = (),
    *,
    budget: float | None = None,
    announce: Announce = lambda _: None,
) -> ModelAudit:
    """Run the training-free audits on a model.

    Parameters
    ----------
    model : AuditableModel
        See :func:`harness.tracking.auditable.auditable`.
    corpus : str
        A name of the catalogue (``partyline``); a table with ``text``, ``target`` and ``stance`` (CSV, TSV,
        JSONL, Parquet); or a config, whose corpus, test rows and audits are used.
    overrides : sequence of str
        ``corpus.variant=rw``, ``audits.party_swap.items=50``, as after ``--set``.
    budget : float, optional
        What a model that asks a server may cost, in the currency of its prices.
    announce : callable
        Called before the first request of such a model, with what it is going to ask.

    Raises
    ------
    ConfigError, CorpusError
        If the corpus cannot be found or read, its audited rows were picked
        (:mod:`harness.values.gold_origin`), or an override is wrong.
    ModelError
        If the model cannot be loaded, is for another task, or has other labels; its texts or key may not go
        to its server; or a budget has no effect.
    ClassifierError
        If its server cannot be asked, or the budget would be passed; what was answered is kept.
    """
    check_effect(budget, [] if model.asks is None else [model.asks])
    uri = model.uri
    resolved = _plan(model, corpus, overrides)
    labels, task = resolved.labels, resolved.config.task
    if model.task not in (None, task):
        raise ModelError(f"{uri} is for {model.task}; the config is for {task}")
    if model.labels not in (None, labels):
        assert model.labels is not None
        of_model, of_corpus = (", ".join(label_set.names) for label_set in (model.labels, labels))
        raise ModelError(f"{uri} predicts {of_model}; the corpus is labelled {of_corpus}")
    whole = resolved.corpus.make(labels=labels, task=task).for_task(task, labels)
    ids, held_out = _test_rows(resolved, whole, corpus)
    refuse_picked(whole, ids, "say how often a model errs")
    tested = whole.take(ids)
    # The leak gate looks at splits, not at a model.
    audits: dict[str, Audit] = {name: bound.make() for name, bound in resolved.audits.items() if name != GATE}
    if model.asks is not None:
        announce(_server_cost(model.asks, _unasked(model, resolved, whole, tested), audits, budget))
    subject = _subject(model, resolved, whole, tested, held_out=held_out)
    findings = run_audits(subject, audits, lambda examples: model.predict(examples, labels))
    if not resolved.config.tracking.log_text:
        findings = tuple(finding.without_texts() for finding in findings)
    return ModelAudit(uri, whole.name, len(tested), _notes(model, whole, held_out=held_out), findings)


def _plan(model: AuditableModel, corpus: str, overrides: Sequence[str]) -> Plan:
    """Resolve the value of ``--corpus``: a config, a table, or a corpus of the catalogue."""
    path = Path(corpus)
    if path.suffix in CONFIGS:
        return plan.read(path, overrides)
    if path.suffix or path.exists():
        part: dict[str, Any] = {"kind": "files", "path": str(path.resolve())}
    elif corpus in CATALOGUES["corpus"]:
        part = {"kind": corpus}
    else:
        hint = suggest(corpus, CATALOGUES["corpus"])
        raise ConfigError([Problem("--corpus", f"there is no corpus and no file {corpus!r}", hint)])
    data = {"name": "audit", "task": model.task or "stance", "corpus": part}
    # A config needs a classifier; this one is never fitted.
    return plan.resolve(document_of({**data, "classifiers": {"asked": {"kind": "prior"}}}, overrides))


def _test_rows(resolved: Plan, whole: Corpus, corpus: str) -> tuple[list[str], bool]:
    """Return the ids of the audited rows, and whether these are declared as test rows."""
    rows = whole.rows
    if Path(corpus).suffix in CONFIGS:
        # The test rows of all folds; with several folds a single model has trained on most of them.
        splits = resolved.split.make(labels=resolved.labels).draw(whole, resolved.labels)
        return list(dict.fromkeys(id_ for split in splits for id_ in split.test)), len(splits) == 1
    declared = rows["id"][rows["split"] == "test"] if "split" in rows.columns else rows["id"][:0]
    if len(declared):
        return [str(id_) for id_ in declared], True
    return [str(id_) for id_ in rows["id"]], False


def _subject(
    model: AuditableModel, resolved: Plan, whole: Corpus, tested: Corpus, *, held_out: bool
) -> Subject:
    proba = _probabilities(model, resolved, list(corpus_examples(tested)))
    subject = _unasked(model, resolved, whole, tested)
    labels = subject.labels
    # Scores on rows that the model may have been trained on would say nothing about new ones.
    predictions = None
    if held_out:
        predictions = Predictions.of(
            tested, labels, proba, may_miss=model.may_miss, run="model", split="test"
        )
    return replace(subject, proba=proba, predicted=labels.decide(proba), predictions=predictions)


def _unasked(model: AuditableModel, resolved: Plan, whole: Corpus, tested: Corpus) -> Subject:
    """Return a model on a corpus before it was asked anything: all labels are as likely."""
    labels = resolved.labels
    if model.labels is not None:
        # The audited labels are those that the model gives, by its own costs where these decide.
        labels = replace(labels, costs=model.labels.costs)
    proba = np.full((len(tested), len(labels)), 1 / len(labels))
    return Subject(
        name="the model",
        task=resolved.config.task,
        labels=labels,
        corpus=whole,
        tested=tested,
        proba=proba,
        predicted=labels.decide(proba),
        metric=resolved.primary,
        without_target=UNTRAINED,
        can_omit_target=model.can_omit_target,
        languages=model.languages or whole.languages,
        may_miss=model.may_miss,
    )


def _server_cost(
    asks: AsksServer, subject: Subject, audits: Mapping[str, Audit], budget: float | None
) -> ServerCost:
    """Return what a model asks for the audited rows and their variants, and limit it."""
    changed = variants(subject, audits.values())
    # As in _probabilities: no example is asked about twice.
    examples = [*dict.fromkeys(subject.examples), *changed]
    cost = server_cost(asks, len(subject.tested), lambda: asks.expected(examples), budget)
    return replace(cost, variants=len(changed))


def _probabilities(model: AuditableModel, resolved: Plan, examples: Examples) -> NDArray[np.float64]:
    """Predict each distinct example once."""
    labels = resolved.labels
    # Rows of a corpus may repeat a sentence with its party, and predicting is what takes time.
    index_of = {example: index for index, example in enumerate(dict.fromkeys(examples))}
    proba = model.predict(list(index_of), labels)
    missing = unstated_rows(proba) if model.may_miss else None
    shape = (len(index_of), len(labels))
    check_probabilities(proba, shape, sums_to_one=not labels.multi, missing=missing)
    return proba[[index_of[example] for example in examples]]


def _notes(model: AuditableModel, whole: Corpus, *, held_out: bool) -> tuple[str, ...]:
    notes = []
    if not held_out:
        notes.append("The model may have been trained on these rows: the corpus does not declare test rows.")
    elif model.saw_all and model.trained_on == whole.fingerprint:
        notes.append("The model was trained on all rows of this corpus, including the audited ones.")
    elif model.trained_on and model.trained_on != whole.fingerprint:
        notes.append("The model was trained on another corpus, or on another version of this one.")
    others = outside(whole.languages, model.languages)
    if others:
        note = mismatch("the model", model.languages, others)
        notes.append(f"{note[0].upper()}{note[1:]}.")
    return tuple(notes)


def log_model_audit(store: Store | None, audit: ModelAudit, output: Path | None = None) -> str:
    """Log audits of a model to MLflow, and write them to a folder.

    Parameters
    ----------
    store : Store or None
        None logs nothing.
    audit : ModelAudit
    output : Path, optional
        A folder, created if missing, for ``report.html``, ``findings.json`` and one CSV file per table.

    Returns
    -------
    str
        Name of the experiment that they were logged to.
    """
    from harness.reports.pages import audits_page
    from harness.tracking.audit_runs import log_audits
    from harness.tracking.run_files import write_findings

    with tempfile.TemporaryDirectory(prefix="harness-audit-") as name:
        folder = Path(name)
        write_findings(folder, audit.findings)
        about = f"{counted(audit.n, 'row')} of {audit.corpus}"
        page = audits_page(audit.uri, about, audit.notes, audit.findings)
        (folder / "report.html").write_text(page, encoding="utf-8")
        if store is not None:
            log_audits(store, EXPERIMENT, f"{audit.uri} on {audit.corpus}", folder, audit.findings)
        if output is not None:
            write_folder(folder, output)
    return EXPERIMENT
