"""A config in, a finished experiment out: what ``harness run`` and :func:`harness.run` do."""

from __future__ import annotations

import html
import math
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plan import Plan
from harness.config.plan.objects import Config, Overrides, plan_of
from harness.evaluation.choice import Choice, choose
from harness.evaluation.prepared import Prepared, prepare
from harness.evaluation.reader_notes import notes_of
from harness.evaluation.results import ClassifierResult
from harness.runs.classifiers import ClassifierOutcome, check_leaks, run_classifiers
from harness.runs.observer import RunObserver
from harness.runs.untracked import MODEL, folder_of
from harness.tracking import remnants
from harness.tracking.finished_runs import file_of, finished_runs
from harness.tracking.models import load
from harness.tracking.store import Store, last_experiment, pending
from harness.values import own_code
from harness.values.errors import HarnessError, PredictionsError, suggest
from harness.values.findings import WORST_FIRST, Finding

if TYPE_CHECKING:
    import pandas as pd

    from harness.serving.inference import LabelModel

REPORT = "report.html"


class FailedClassifiersError(HarnessError):
    """Some classifiers of an experiment failed; ``run`` holds the others, which are finished."""

    def __init__(self, run: ExperimentRun) -> None:
        self.run = run
        super().__init__("\n".join(f"{name} failed: {error}" for name, error in run.failed.items()))


@dataclass(frozen=True)
class ClassifierRun:
    """A finished classifier of an experiment.

    Attributes
    ----------
    name : str
    result : ClassifierResult
    seconds : float
        Of its trials, in whatever process and call they ran, and of all that came after them here; next to
        none where an earlier run was used.
    reused : bool
        Whether the finished run of an earlier call was used as it is.
    address : str
        Of its run in the store, ``runs:/<id>``; or, untracked, its folder.
    store : Store or None
        None for an untracked one.
    """

    name: str
    result: ClassifierResult = field(repr=False)
    seconds: float
    reused: bool
    address: str
    store: Store | None = field(repr=False)

    @property
    def scores(self) -> pd.DataFrame:
        """One row a metric, split and slice: value, low, high, seed_sd, n."""
        return self.result.scores.rows

    @property
    def predictions(self) -> pd.DataFrame:
        """One row a scored item, seed and fold: truth, prediction and one probability a label."""
        return self.result.predictions.rows

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the audits found."""
        return self.result.findings

    @property
    def report(self) -> Path:
        """The HTML report; a copy of it where the run lies on a server.

        Raises
        ------
        StoreError
            Where the file is gone.
        """
        if self.store is None:
            return Path(self.address) / REPORT
        run_id = self.address.removeprefix("runs:/")
        # Not deleted here: the path is for the caller, who opens the file later.
        copies = "" if self.store.artifacts is not None else tempfile.mkdtemp(prefix="harness-report-")
        return file_of(self.store, run_id, REPORT, copies)

    def load(self) -> LabelModel:
        """Load the model, to label new text.

        Raises
        ------
        ModelError
            Where the classifier saved none.
        """
        return load(Path(self.address) / MODEL if self.store is None else self.address)


@dataclass(frozen=True)
class ExperimentRun:
    """A finished experiment: tables over all classifiers, and each of them by name.

    Attributes
    ----------
    prepared : Prepared
        Plan, corpus and splits.
    outcomes : tuple of ClassifierOutcome
        In the order of the config, failed ones too.
    notes : tuple of str
        What a reader of the scores should know, a sentence each.
    store : Store or None
        Where it is logged; None where nothing is tracked.
    folder : Path or None
        Where its files lie if nothing is tracked.
    unfinished : str
        What trainings that were never finished keep in the store; empty where there are none.

    Examples
    --------
    >>> import harness
    >>> run = harness.run("configs/quickstart.yaml", track=False)  # doctest: +SKIP
    >>> run["linear"].scores                                       # doctest: +SKIP
    """

    prepared: Prepared = field(repr=False)
    outcomes: tuple[ClassifierOutcome, ...] = field(repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    store: Store | None = field(default=None, repr=False)
    folder: Path | None = None
    unfinished: str = field(default="", repr=False)
    _scratch: Any = field(default=None, repr=False)

    @property
    def plan(self) -> Plan:
        """The resolved config."""
        return self.prepared.plan

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.plan.name

    @property
    def failed(self) -> dict[str, HarnessError]:
        """Classifiers that failed, with the reason."""
        return {outcome.name: outcome.error for outcome in self.outcomes if outcome.error is not None}

    @cached_property
    def classifiers(self) -> dict[str, ClassifierRun]:
        """The finished classifiers by name, in the order of the config."""
        addresses = self._addresses
        return {
            outcome.name: ClassifierRun(
                outcome.name,
                outcome.result,
                outcome.seconds,
                outcome.reused,
                addresses[outcome.name],
                self.store,
            )
            for outcome in self.outcomes
            if outcome.result is not None
        }

    def __getitem__(self, name: str) -> ClassifierRun:
        """Look a finished classifier up by its name in the config."""
        classifiers = self.classifiers
        if name not in classifiers:
            raise KeyError(f"no finished classifier is called {name!r}; {suggest(name, classifiers)}")
        return classifiers[name]

    def __iter__(self) -> Iterator[ClassifierRun]:
        return iter(self.classifiers.values())

    def __len__(self) -> int:
        return len(self.classifiers)

    @property
    def scores(self) -> pd.DataFrame:
        """The scores of all classifiers, with the column ``classifier`` in front."""
        return self._stacked([(run.name, run.scores) for run in self])

    @property
    def predictions(self) -> pd.DataFrame:
        """The predictions of all classifiers, with the column ``classifier`` in front."""
        return self._stacked([(run.name, run.predictions.drop(columns="run")) for run in self])

    @property
    def findings(self) -> pd.DataFrame:
        """One row an audit of a classifier: classifier, audit, verdict, sentence."""
        import pandas as pd

        columns = ["classifier", "audit", "verdict", "sentence"]
        rows = [
            (run.name, finding.audit, finding.verdict, finding.sentence)
            for run in self
            for finding in run.findings
        ]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def choice(self) -> Choice | None:
        """The classifier that promotion would take, and why; None where none can be promoted.

        It has a model and the best primary metric on validation; of those that cannot be told apart, it has
        the better audits, then the lower cost.
        """
        outcomes = [outcome.contender for outcome in self.outcomes]
        contenders = [contender for contender in outcomes if contender is not None]
        return choose(contenders, self.plan.primary.name, self.plan.promotion) if contenders else None

    @property
    def best(self) -> str:
        """The classifier that promotion would take; empty where none can be promoted."""
        return self.choice.name if self.choice is not None else ""

    @property
    def summary(self) -> pd.DataFrame:
        """One row a classifier: the primary metric on test with interval and spread over seeds, on
        validation, the share of test predictions that are missing, and the verdicts of the audits.
        """
        import pandas as pd

        primary = self.plan.primary.name
        rows = []
        for run in self:
            test, validation = (score_of(run.scores, split, primary) for split in ("test", "validation"))
            verdicts = [finding.verdict for finding in run.findings]
            counts: dict[str, int] = {verdict: verdicts.count(verdict) for verdict in WORST_FIRST}
            scored = {**test, "validation": validation["value"], "missing": run.result.missing_share}
            rows.append({"classifier": run.name, **scored, **counts})
        columns = ["classifier", "value", "low", "high", "seed_sd", "validation", "missing", *WORST_FIRST]
        return pd.DataFrame(rows, columns=columns)

    def _repr_html_(self) -> str:
        """Show the summary in a notebook."""
        # Names and messages may come from files of others: nothing reaches a notebook unescaped.
        title = html.escape(f"{self.name}: {self.plan.primary.name} on test")
        table = self.summary.to_html(index=False, float_format="{:.3f}".format, na_rep="–", border=0)
        best = (
            f"<p>To promote: {html.escape(self.best)}. {html.escape(self.choice.sentence)}</p>"
            if self.choice is not None
            else ""
        )
        failed = "".join(
            f"<p>{html.escape(name)} failed: {html.escape(str(error))}</p>"
            for name, error in self.failed.items()
        )
        return f"<p><b>{title}</b></p>{table}{best}{failed}"

    @cached_property
    def _addresses(self) -> dict[str, str]:
        finished_names = [outcome.name for outcome in self.outcomes if outcome.result is not None]
        if self.store is None:
            assert self.folder is not None
            return {
                outcome.name: str(folder_of(self.folder, self.plan, outcome.classifier))
                for outcome in self.outcomes
            }
        # Not asked where nothing has finished: it would raise.
        runs = finished_runs(self.store, [self.name]) if finished_names else ()
        return {run.name: f"runs:/{run.run_id}" for run in runs}

    @staticmethod
    def _stacked(tables: Sequence[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
        import pandas as pd

        if not tables:
            return pd.DataFrame()
        parts = []
        for name, table in tables:
            part = table.copy()
            part.insert(0, "classifier", name)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)


class _ScratchFolder:
    """A temporary folder that lasts as long as the run that holds it."""

    def __init__(self) -> None:
        # Not a TemporaryDirectory: that warns when it is collected, which is the normal end here.
        self.path = Path(tempfile.mkdtemp(prefix="harness-run-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def score_of(rows: pd.DataFrame, split: str, metric: str) -> dict[str, float]:
    """Return value, low, high and seed_sd of a metric on a whole split; NaN where it was not scored."""
    numbers = ("value", "low", "high", "seed_sd")
    matching = rows[(rows["split"] == split) & (rows["metric"] == metric) & (rows["slice"] == "all")]
    if matching.empty:
        return dict.fromkeys(numbers, math.nan)
    return {name: float(matching[name].iloc[0]) for name in numbers}


def run(
    config: Config,
    *,
    set: Overrides = (),  # noqa: A002 (named as --set is)
    fresh: bool = False,
    allow_leaks: bool = False,
    track: bool = True,
    trust: bool = False,
    output: str | Path | None = None,
    observer: RunObserver | None = None,
) -> ExperimentRun:
    """Train and score what a config names; finish what an earlier call left undone.

    Parameters
    ----------
    config : path, mapping or Plan
        A YAML file; or the same as data, in which classifiers, the corpus, metrics and audits may be objects.
    set : mapping or sequence of str
        Overrides: ``{"seeds": [1, 2]}`` or ``["seeds=[1,2]"]``.
    fresh : bool
        Repeat what is finished.
    allow_leaks : bool
        Run although test repeats rows of train; the runs are tagged.
    track : bool
        Log to MLflow; otherwise reports and models go to ``output``, where no later call finds them.
    trust : bool
        Import code of your own that a config file names; without it, only what ``harness trust`` remembers.
    output : path, optional
        Folder for an untracked run; left out, a temporary one that goes with the result.
    observer : RunObserver, optional
        Told of stages, notes and each classifier that ends.

    Returns
    -------
    ExperimentRun

    Raises
    ------
    ConfigError, CorpusError, SplitError
        Where config or data are not what they should be, with every problem at once.
    LeakError
        Where test repeats what is trained on, unless that is allowed.
    FailedClassifiersError
        After everything else is finished; its attribute ``run`` holds that.
    """
    with own_code.access("all" if trust else "trusted"):
        plan = plan_of(config, set)
    observer = observer or RunObserver()
    with observer.stage(f"reading {plan.corpus.kind}"):
        prepared = prepare(plan)
    observer.prepared(prepared)
    notes = notes_of(prepared)
    with observer.stage("looking for leaks"):
        leaks = check_leaks(prepared, allow=allow_leaks)
    notes += leaks.notes if leaks is not None else ()
    for note in notes:
        observer.note(note)
    store, folder, scratch = _destination(observer, plan, track=track, output=output)
    destination = store if store is not None else folder
    assert destination is not None
    outcomes = []
    for outcome in run_classifiers(prepared, destination, fresh=fresh, leaks=leaks):
        outcomes.append(outcome)
        observer.classifier_ended(outcome)
    # After the run: before it, a stopped training that it resumes might be removed as too old.
    unfinished = pending.prune(store).note() if store is not None else ""
    finished_run = ExperimentRun(prepared, tuple(outcomes), tuple(notes), store, folder, unfinished, scratch)
    if finished_run.failed:
        raise FailedClassifiersError(finished_run)
    return finished_run


def _destination(
    observer: RunObserver, plan: Plan, *, track: bool, output: str | Path | None
) -> tuple[Store | None, Path | None, Any]:
    """Open the store; or name the folder of an untracked run, and what deletes it where it is temporary."""
    if track:
        if output is not None:
            raise PredictionsError("output has no effect on a tracked run: its files lie in the store")
        store = remnants.opened(observer.note)
        # Before anything is trained: after Ctrl-C, too, the other verbs mean this experiment.
        last_experiment.remember(store, plan.name)
        return store, None, None
    if output is not None:
        return None, Path(output), None
    scratch = _ScratchFolder()
    return None, scratch.path, scratch
