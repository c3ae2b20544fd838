"""Names of experiments in, a comparison of their classifiers out: what ``harness compare`` does."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.explorer.run_files import comparison_files
from harness.reports.comparison_reasons import (
    NO_REASONS,
    ComparisonReasons,
    RunEvidence,
    comparison_reasons,
    reason_sentences,
)
from harness.runs.experiment import ExperimentRun
from harness.scoring.comparison import Comparison
from harness.scoring.comparison import compare as compare_predictions
from harness.scoring.comparison.conclusions import conclusions, power
from harness.scoring.comparison.disagreement import RunItems
from harness.scoring.comparison.questions import detection_sentences, no_worse_sentences
from harness.tracking.comparison_runs import LoggedComparison, log_comparison, page_of
from harness.tracking.finished_runs import (
    FinishedRun,
    finished_runs,
    read_evidence,
    read_predictions,
    unfinished_notes,
)
from harness.tracking.looks import looks_at
from harness.tracking.store import Store, last_experiment
from harness.values.commands import command_line
from harness.values.errors import ConfigError, PredictionsError, Problem, listed
from harness.values.formatting import counted
from harness.values.progress import progress
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ComparedRuns:
    """A comparison of runs, and where it was logged.

    Attributes
    ----------
    comparison : Comparison
        Everything that was computed.
    run_id : str
        Of the comparison's own run in MLflow; empty where it is not tracked.
    page : str
        Path or address of its HTML page; empty where it is not tracked.
    reasons : ComparisonReasons
        Why the best run differs from the others: audits, slices, sentences, reports.
    seconds : mapping
        Name of a run → seconds in which a trial of it labelled its rows; without those that are unknown.
    """

    comparison: Comparison = field(repr=False)
    run_id: str = ""
    page: str = ""
    reasons: ComparisonReasons = field(default=NO_REASONS, repr=False)
    seconds: Mapping[str, float] = field(default_factory=dict, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a run, best first: rank, name, value, low, high, seed_sd, item_se, n_seeds, tie."""
        return self.comparison.runs_table()

    @property
    def pairs(self) -> pd.DataFrame:
        """One row a pair: difference with interval, p-values, and how many items it would take."""
        return self.comparison.pairs_table()

    @property
    def ties(self) -> tuple[tuple[str, ...], ...]:
        """Groups of runs that cannot be told apart, best first; a run may be in several."""
        return self.comparison.groups

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found, how small a difference could have been, and why runs differ; a sentence each."""
        return (
            *conclusions(self.comparison),
            *power(self.comparison),
            *reason_sentences(self.reasons),
        )

    def items_to_detect(self, effect: float) -> tuple[str, ...]:
        """Say on how many items a true difference of this size would be found; a sentence a pair."""
        return tuple(detection_sentences(self.comparison, effect))

    def no_worse(self, margin: float) -> tuple[str, ...]:
        """Say which runs are shown to be no worse than others by more than a margin; a sentence a pair.

        Raises
        ------
        ValueError
            If the margin is not above 0.
        """
        return tuple(no_worse_sentences(self.comparison, margin, self.seconds))

    def _repr_html_(self) -> str:
        """Show runs, ties and findings in a notebook."""
        comparison = self.comparison
        title = f"{comparison.metric} on {comparison.n_items:,} {comparison.split} items"
        table = self.table.to_html(index=False, float_format="{:.3f}".format, na_rep="–", border=0)
        sentences = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.findings)
        return f"<p><b>{html.escape(title)}</b></p>{table}<ul>{sentences}</ul>"


def compare(*experiments: str | ExperimentRun, metric: str = "", track: bool = True) -> ComparedRuns:
    """Compare the finished classifiers of experiments with paired tests on the items that they share.

    Parameters
    ----------
    *experiments : str or ExperimentRun
        Names in the store, or what :func:`harness.run` returned; left out, the experiment that was run last.
    metric : str
        ``f1_macro``, ``f1_critical``, ``brier``, …; left out, the primary metric of the experiments.
    track : bool
        Log the comparison as a run of ``NAME-comparisons``, beside the first experiment. Untracked
        experiments are never logged, and those of a store that cannot be written neither.

    Returns
    -------
    ComparedRuns

    Raises
    ------
    StoreError
        Where an experiment is unknown or has no finished run.
    ConfigError
        Where the experiments go by different metrics and none is named, or the one named does not apply.
    PredictionsError
        Where fewer than two runs compare.
    """
    for given in experiments:
        if not isinstance(given, str | ExperimentRun):
            # Callers in notebooks are not type-checked.
            what = f"should be names or finished experiments, got a {type(given).__name__}"  # type: ignore[unreachable]
            raise ConfigError([Problem("experiments", what)])
    untracked = [given for given in experiments if isinstance(given, ExperimentRun) and given.store is None]
    if untracked:
        # A logged comparison names its runs by their ids in the store; untracked ones have none.
        if len(untracked) < len(experiments):
            what = "untracked experiments compare with untracked ones only"
            raise ConfigError([Problem("track", what, "run both with track=True")])
        return _compare_untracked(untracked, metric)
    store = Store.open(reading=True)
    names = [given if isinstance(given, str) else given.name for given in experiments]
    return compare_logged(store, names or [last_experiment.recall(store)], metric, track=track)


def compare_logged(
    store: Store, experiments: Sequence[str], metric: str = "", *, track: bool = True
) -> ComparedRuns:
    """Compare the finished classifiers of experiments of a store; see :func:`compare`."""
    runs = finished_runs(store, experiments)
    command = command_line("compare", experiment=",".join(experiments), metric=metric or _primary(runs))
    notes = unfinished_notes(store, experiments)
    return compare_runs(store, runs, metric, command=command, notes=notes, track=track)


def compare_runs(
    store: Store,
    runs: Sequence[FinishedRun],
    metric: str = "",
    *,
    command: str,
    notes: Sequence[str] = (),
    track: bool = True,
) -> ComparedRuns:
    """Compare some finished runs of a store; see :func:`compare`.

    Parameters
    ----------
    store : Store
    runs : sequence of FinishedRun
    metric : str
        Left out, their primary one.
    command : str
        The command line that repeats the comparison.
    notes : sequence of str
        What limits it from the start; a sentence each.
    track : bool
        Whether it is logged, beside the experiment of the first run.
    """
    chosen = metric or _primary(runs)
    # A generator: the predictions of many runs at once might not fit in memory.
    tables = (
        (run.name, read_predictions(store, run)) for run in progress(runs, "reading", len(runs), "runs")
    )
    deterministic = {run.name for run in runs if run.deterministic}
    items: dict[str, RunItems] = {}
    comparison = compare_predictions(_noting(tables, items), chosen, deterministic=deterministic)
    # Before it is logged itself.
    looks = looks_at(store, comparison.fingerprint)
    compared = {run.name for run in comparison.runs}
    evidence = {run.name: read_evidence(store, run) for run in runs if run.name in compared}
    notes = (*_tuning_notes(evidence), *notes, looks.sentence)
    comparison = replace(comparison, limitations=(*comparison.limitations, *notes))
    reasons = comparison_reasons(comparison, items, evidence)
    if not track or store.read_only:
        return ComparedRuns(comparison, reasons=reasons, seconds=_seconds(evidence))
    ids = {run.name: run.run_id for run in runs}
    shown = [run for run in runs if run.name in compared]
    logged = LoggedComparison(
        comparison, reasons, runs[0].experiment, ids, command, lambda: comparison_files(store, shown)
    )
    run_id = log_comparison(store, logged)
    return ComparedRuns(comparison, run_id, page_of(store, run_id), reasons, _seconds(evidence))


def _tuning_notes(evidence: Mapping[str, RunEvidence]) -> list[str]:
    """Say which classifiers were tuned more than others; nothing where all were tuned alike, or none was."""
    counts = {name: facts.n_candidates for name, facts in evidence.items()}
    if len(set(counts.values())) < 2:
        return []
    parts = [f"{name} by {counted(count, 'candidate')}" for name, count in counts.items() if count]
    others = [name for name, count in counts.items() if not count]
    parts += [f"{listed(others)} not at all"] if others else []
    return [
        f"Tuned unequally: {'; '.join(parts)}. A difference may come from that, not from the classifiers."
    ]


def _seconds(evidence: Mapping[str, RunEvidence]) -> dict[str, float]:
    times = {name: facts.predict_seconds for name, facts in evidence.items()}
    return {name: seconds for name, seconds in times.items() if seconds > 0}


def _noting(
    tables: Iterable[tuple[str, Predictions]], items: dict[str, RunItems]
) -> Iterable[tuple[str, Predictions]]:
    """Pass tables on, and keep the test items of each: the tables are read once."""
    for name, predictions in tables:
        # A table that cannot be used is refused, with the reason, by whoever reads it next.
        with contextlib.suppress(PredictionsError):
            items[name] = RunItems.of(predictions)
        yield name, predictions


def _compare_untracked(experiments: Sequence[ExperimentRun], metric: str) -> ComparedRuns:
    primaries = {run.name: run.plan.primary.name for run in experiments}
    items: dict[str, RunItems] = {}
    comparison = compare_predictions(
        _noting(_tables(experiments), items),
        metric or _one_primary(primaries),
        deterministic={
            _name(run, outcome.name, experiments)
            for run in experiments
            for outcome in run.outcomes
            if outcome.is_deterministic
        },
    )
    evidence = {
        _name(run, classifier.name, experiments): RunEvidence(
            classifier.findings,
            _sentences(run),
            slices=run.prepared.report_rows.slices,
            predict_seconds=classifier.result.predict_seconds,
            n_candidates=classifier.result.n_candidates,
        )
        for run in experiments
        for classifier in run
    }
    compared = {run.name for run in comparison.runs}
    evidence = {name: facts for name, facts in evidence.items() if name in compared}
    comparison = replace(comparison, limitations=(*comparison.limitations, *_tuning_notes(evidence)))
    reasons = comparison_reasons(comparison, items, evidence)
    return ComparedRuns(comparison, reasons=reasons, seconds=_seconds(evidence))


def _sentences(run: ExperimentRun) -> dict[str, str]:
    if not run.plan.config.tracking.log_text:
        return {}
    rows = run.prepared.corpus.rows
    return dict(zip(rows["id"].astype(str), rows["text"], strict=True))


def _tables(experiments: Sequence[ExperimentRun]) -> Iterable[tuple[str, Predictions]]:
    for run in experiments:
        for classifier in run:
            yield _name(run, classifier.name, experiments), classifier.result.predictions


def _name(run: ExperimentRun, classifier: str, experiments: Sequence[ExperimentRun]) -> str:
    # As finished_runs names them: a comparison reads alike with and without a store.
    return classifier if len(experiments) == 1 else f"{run.name}/{classifier}"


def _primary(runs: Sequence[FinishedRun]) -> str:
    return _one_primary({run.experiment: run.primary for run in runs})


def _one_primary(by_experiment: dict[str, str]) -> str:
    if len(set(by_experiment.values())) > 1:
        listed = ", ".join(f"{name} by {primary}" for name, primary in by_experiment.items())
        raise ConfigError([Problem("metric", f"the experiments go by different ones: {listed}", "name one")])
    return next(iter(by_experiment.values()))
