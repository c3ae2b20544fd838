"""Predictions made outside the harness in, their scores out: what ``harness score`` does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.audits.experiment_audits import audit_classifier
from harness.config.plan import PlannedClassifier
from harness.config.plan.objects import Config, Overrides, plan_of
from harness.evaluation import external as tables
from harness.evaluation.external import EXTERNAL, ExternalPredictions
from harness.evaluation.pooled_scores import score_splits
from harness.evaluation.prepared import Prepared, prepare
from harness.evaluation.results import ClassifierResult, Trial, TrialResult
from harness.explorer.run_files import explorer_files
from harness.runs.classifiers import without_logged_texts
from harness.tracking import remnants
from harness.tracking.store import Store, last_experiment
from harness.tracking.tracker import Tracker
from harness.values.catalog import Bound
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Finding
from harness.values.spreadsheets import frame_text
from harness.values.tables import Predictions, fingerprint

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ScoredPredictions:
    """External predictions, scored.

    Attributes
    ----------
    name : str
        Of the run.
    experiment : str
        Whose corpus and split they were scored on.
    result : ClassifierResult
    notes : tuple of str
        What was left out or looks odd, a sentence each.
    """

    name: str
    experiment: str
    result: ClassifierResult = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def scores(self) -> pd.DataFrame:
        """One row a metric, split and slice: value, low, high, seed_sd, n."""
        return self.result.scores.rows

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the audits found that need no model."""
        return self.result.findings

    def _repr_html_(self) -> str:
        """Show the scores on test in a notebook."""
        rows = self.scores[(self.scores["split"] == "test") & (self.scores["slice"] == "all")]
        columns = ["metric", "value", "low", "high", "seed_sd", "n"]
        return rows[columns].to_html(index=False, float_format="{:.3f}".format, na_rep="–", border=0)


def score(
    predictions: str | Path | pd.DataFrame,
    *,
    config: Config,
    set: Overrides = (),  # noqa: A002 (named as --set is)
    name: str = "",
    track: bool = True,
) -> ScoredPredictions:
    """Score predictions made outside the harness on a config's corpus and split.

    Parameters
    ----------
    predictions : path or DataFrame
        Columns ``id``; ``prediction`` (or ``label``); where known ``p_<label>`` for all labels, and ``seed``.
        See :func:`harness.evaluation.external.read`.
    config : path, mapping or Plan
    set : mapping or sequence of str
        Overrides of the config.
    name : str
        Of the run; left out, that of the file, or ``external``.
    track : bool
        Log them as a run that compares like any other.

    Raises
    ------
    PredictionsError
        With every problem of the table.
    ConfigError
        Where the primary metric needs probabilities and there are none, or the name is a classifier's.
    """
    prepared = prepare(plan_of(config, set))
    if isinstance(predictions, str | Path):
        path = Path(predictions)
        name = name or path.stem
        external = tables.read(path, prepared, name=name)
    else:
        name = name or EXTERNAL
        external = tables.from_frame(predictions, prepared, name=name)
    if track:
        store = remnants.opened()
        result = log_external(prepared, store, external, name=name)
        last_experiment.remember(store, prepared.plan.name)
    else:
        result = score_external(prepared, external, name=name)
    # What classifiers of the config know does not concern predictions that were made outside.
    notes = (*prepared.corpus.notes, *prepared.corpus_language_notes, *external.notes)
    return ScoredPredictions(name, prepared.plan.name, result, notes)


class _ExternalSource:
    """The factory of a run without a classifier: whatever made the predictions."""


def score_external(prepared: Prepared, external: ExternalPredictions, *, name: str) -> ClassifierResult:
    """Score predictions made outside the harness and audit them as far as that needs no model.

    Parameters
    ----------
    prepared : Prepared
    external : ExternalPredictions
        See :func:`harness.evaluation.external.read`.
    name : str
        Takes the place of a classifier's.

    Raises
    ------
    ConfigError
        Where the primary metric needs probabilities and there are none, or the name is a classifier's.
    """
    plan, predictions = prepared.plan, external.predictions
    if plan.primary.probabilities and not predictions.has_probabilities:
        raise ConfigError(
            [Problem("primary", f"{plan.primary.name} needs probabilities, and there are none")]
        )
    if name in [classifier.name for classifier in plan.classifiers]:
        hint = "name the run with --name"
        raise ConfigError([Problem("name", f"the config has a classifier called {name!r}", hint)])
    classifier = PlannedClassifier(name, Bound(EXTERNAL, _ExternalSource, {}), {})
    results = tuple(
        TrialResult(trial, predictions.only(seed=trial.seed, fold=trial.fold), {})
        for trial in _trials_of(classifier, predictions)
    )
    scores, slice_results = score_splits(prepared, predictions)
    result = ClassifierResult(classifier, results, predictions, scores, slices=slice_results)
    findings = without_logged_texts(prepared, audit_classifier(prepared, result, None, {}))
    return replace(result, findings=findings)


def log_external(
    prepared: Prepared, store: Store, external: ExternalPredictions, *, name: str
) -> ClassifierResult:
    """Score external predictions and log them as a run without a model; the same are not logged twice.

    Parameters
    ----------
    prepared : Prepared
    store : Store
    external : ExternalPredictions
    name : str
        Of the run; all as for :func:`score_external`, which says what is refused.
    """
    result = score_external(prepared, external, name=name)
    trials = [each.trial for each in result.trials]
    with Tracker(store, prepared.plan).classifier(result.classifier, trials) as parent:
        if parent.done is not None:
            return parent.done
        files = explorer_files(prepared, result, parent.run_id)
        parent.complete(prepared.finish(result), attachments=files)
    return result


def _trials_of(classifier: PlannedClassifier, predictions: Predictions) -> Iterator[Trial]:
    for row in predictions.rows[["seed", "fold"]].drop_duplicates().to_dict("records"):
        seed, fold = int(row["seed"]), int(row["fold"])
        text = frame_text(predictions.only(seed=seed, fold=fold).rows, raw=True)
        yield Trial(classifier, seed, fold, fingerprint([text]))
