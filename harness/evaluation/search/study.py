"""A space and the candidates so far in, the next ones out; kept in a file, from which a search goes on.

Optuna draws. Its samplers have a random stream that a new process would begin again: so each candidate is
drawn by a sampler of its own, seeded by the candidate's number. What it draws then follows from the finished
candidates and that number. Only finished candidates are written; one that was cut off is drawn again, the
same. Several at a time are drawn as a batch, from what was finished before the batch, and told in the order
of their numbers: which of them ends first changes nothing. Whether one of them is given up on the way follows
from earlier batches, too: each has a copy of the study of its own, also in another process.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.plan.search import Range, Space
from harness.evaluation.search.record import State
from harness.values import seeds
from harness.values.catalog import plain

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

NAME = "search"
"""Of the study: Hyperband deals candidates to brackets by it and by their numbers."""

REDUCTION = 3
"""Of Hyperband: one candidate in three goes on at each rung (Li et al. 2018 use 3 or 4)."""

STARTUP = 10
"""Candidates that TPE draws at random before it learns from them: Optuna's default."""

FANOVA_CANDIDATES = 6
"""Of fewer the importance of options would be noise."""


@dataclass(frozen=True)
class Drawn:
    """A candidate to judge.

    Attributes
    ----------
    number : int
        From 0.
    options : mapping
        Tuned option → checked value.
    trial : optuna.trial.Trial or None
        In a copy of the study that knows of earlier batches alone; None where no candidate is given up.
    """

    number: int
    options: Mapping[str, Any]
    trial: optuna.trial.Trial | None = None

    def report(self, step: int, score: float) -> bool:
        """Note a score on the way, higher is better; return whether the candidate should be given up."""
        if self.trial is None:
            return False
        self.trial.report(score, step)
        return bool(self.trial.should_prune())


@dataclass(frozen=True)
class Judged:
    """What became of a candidate.

    Attributes
    ----------
    number : int
    options : mapping
    value : float
        Higher is better; NaN where it failed.
    state : State
    seconds : float
        Of fitting and predicting.
    reason : str
    predict_seconds : float
        Of predicting alone, beside whatever else ran then.
    steps : tuple of float
        Scores on the way, of a training that may be given up.
    """

    number: int
    options: Mapping[str, Any]
    value: float
    state: State
    seconds: float
    reason: str = ""
    predict_seconds: float = math.inf
    steps: tuple[float, ...] = ()


class Study:
    """The candidates of one search.

    Parameters
    ----------
    kind : {"grid", "random", "tpe"}
    space : Space
    seed : int
        Of the search.
    file : Path, optional
        Where finished candidates are kept, and found again.
    steps : int
        Of a training; 0 where candidates are not pruned.
    width : int
        Candidates of a batch.
    """

    def __init__(
        self, kind: str, space: Space, seed: int, file: Path | None, *, steps: int = 0, width: int = 1
    ) -> None:
        self.kind, self.space, self.seed, self.width = kind, space, seed, width
        self._prunes = steps > 0
        self._asked: dict[int, optuna.trial.Trial] = {}
        self._labels = {
            name: [json.dumps(plain(value), ensure_ascii=False) for value in values]
            for name, values in space.items()
            if isinstance(values, tuple)
        }
        self._combinations = list(itertools.product(*self._labels.values())) if kind == "grid" else []
        with _quiet():
            self._study = _study(steps)
            self._journal = _opened(file) if file is not None else None
        # Whole batches are facts; what was told of a batch that was cut off is told again below.
        before = self._journal.get_trials() if self._journal is not None else []
        self.judged: list[Judged] = [self._as_judged(trial) for trial in before]
        whole = len(before) // width * width
        for trial in before[:whole]:
            self._study.add_trial(trial)
        # Of a batch that was cut off while it was told; it is drawn once more, and these are told again.
        self._told = before[whole:]

    def batch(self, limit: int) -> list[Drawn]:
        """Draw the next candidates: a batch, or as many of it as are left of ``limit``."""
        first = len(self._study.get_trials(deepcopy=False))
        numbers = range(first, min(first + self.width, limit))
        self._asked = {number: self._ask(number) for number in numbers}
        # Copied before anything is told: after an interruption, too, nobody hears of others of the batch.
        drawn = [
            Drawn(number, self._options(trial.params), copy.deepcopy(trial) if self._prunes else None)
            for number, trial in self._asked.items()
        ]
        for candidate, earlier in zip(drawn, self._told, strict=False):
            trial = self._asked.pop(candidate.number)
            _retrace(trial, _steps_of(earlier))
            self._study.tell(trial, _value(earlier), earlier.state)
        rest, self._told = drawn[len(self._told) :], []
        return rest

    def tell(self, drawn: Drawn, judged: Judged) -> None:
        """Take what became of a candidate; in the order of their numbers."""
        import optuna

        state = optuna.trial.TrialState
        states = {"pruned": state.PRUNED, "failed": state.FAIL}
        trial = self._asked.pop(drawn.number)
        _retrace(trial, judged.steps)
        for key in ("state", "seconds", "reason", "predict_seconds"):
            trial.set_user_attr(key, getattr(judged, key))
        # One that repeats another counts again: where TPE comes back to, it would come back to anyway.
        complete = judged.state in ("complete", "repeated")
        ended = self._study.tell(
            trial, judged.value if complete else None, states.get(judged.state, state.COMPLETE)
        )
        self.judged.append(judged)
        if self._journal is not None:
            self._journal.add_trial(ended)

    def importance(self) -> dict[str, float]:
        """Return each option's share of the variance of the scores; empty for too few candidates.

        References
        ----------
        Hutter, Hoos & Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter Importance.
        """
        from optuna.importance import FanovaImportanceEvaluator, get_param_importances

        values = {each.value for each in self.judged if each.state == "complete"}
        if len(values) < FANOVA_CANDIDATES or len(self.space) < 2:
            return {}
        # Its forest is of random trees; with a seed it says the same each time.
        evaluator = FanovaImportanceEvaluator(seed=0)
        with _quiet():
            # All that were told are in the journal; of a search that is resumed, those of its last batch, if
            # that was not a whole one, are in no other study.
            study = self._journal if self._journal is not None else self._study
            shares = get_param_importances(study, evaluator=evaluator)
        return {name: float(share) for name, share in shares.items()}

    def _ask(self, number: int) -> optuna.trial.Trial:
        from optuna.samplers import RandomSampler, TPESampler

        seed = seeds.derive(self.seed, "candidate", number)
        if self.kind == "grid":
            # Optuna's own sampler of grids shuffles them, and of equal scores the first should win.
            labels = dict(zip(self._labels, self._combinations[number], strict=True))
            self._study.enqueue_trial(labels)
        # A grid draws nothing: all of its values are fixed, whatever the sampler.
        self._study.sampler = (
            TPESampler(seed=seed, n_startup_trials=STARTUP)
            if self.kind == "tpe"
            else RandomSampler(seed=seed)
        )
        with _quiet():
            return self._study.ask(self._distributions())

    def _distributions(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        distributions: dict[str, BaseDistribution] = {}
        for name, values in self.space.items():
            # As text: Optuna takes numbers, texts and None for choices, and options may be lists or paths.
            if not isinstance(values, Range):
                distributions[name] = CategoricalDistribution(self._labels[name])
            elif values.is_whole:
                distributions[name] = IntDistribution(int(values.low), int(values.high), log=values.log)
            else:
                distributions[name] = FloatDistribution(values.low, values.high, log=values.log)
        return distributions

    def _options(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Turn what Optuna drew into values of options."""
        options = {}
        for name, values in self.space.items():
            drawn = params[name]
            options[name] = drawn if isinstance(values, Range) else values[self._labels[name].index(drawn)]
        return options

    def _as_judged(self, trial: optuna.trial.FrozenTrial) -> Judged:
        attributes = trial.user_attrs
        value = math.nan if attributes["state"] == "failed" or trial.value is None else float(trial.value)
        return Judged(
            trial.number,
            self._options(trial.params),
            value,
            attributes["state"],
            attributes["seconds"],
            attributes["reason"],
            attributes["predict_seconds"],
            _steps_of(trial),
        )


def brackets(steps: int) -> list[float]:
    """Return the share of candidates in each of Hyperband's brackets, for trainings of so many steps.

    Examples
    --------
    >>> [round(share, 2) for share in brackets(3)], len(brackets(9))
    ([0.6, 0.4], 3)
    """
    n = math.floor(math.log(steps, REDUCTION) + 1e-9) + 1
    weights = [math.ceil(n * REDUCTION ** (n - 1 - number) / (n - number)) for number in range(n)]
    return [weight / sum(weights) for weight in weights]


def _study(steps: int) -> optuna.study.Study:
    import optuna

    # The most steps are said and not found out from the first candidates, which a resumed search has more of.
    pruner = (
        optuna.pruners.HyperbandPruner(min_resource=1, max_resource=steps, reduction_factor=REDUCTION)
        if steps
        else optuna.pruners.NopPruner()
    )
    return optuna.create_study(direction="maximize", study_name=NAME, pruner=pruner)


def _opened(file: Path) -> optuna.study.Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    file.parent.mkdir(parents=True, exist_ok=True)
    # Whoever runs a trial holds its lock: what a process left that was killed while it wrote holds up nobody.
    Path(f"{file}.lock").unlink(missing_ok=True)
    if file.is_file():
        # A line that was cut off would run into the next one.
        lines = file.read_bytes()
        end = lines.rfind(b"\n") + 1
        if end < len(lines):
            file.write_bytes(lines[:end])
    storage = JournalStorage(JournalFileBackend(str(file)))
    return optuna.create_study(direction="maximize", study_name=NAME, storage=storage, load_if_exists=True)


def _value(trial: optuna.trial.FrozenTrial) -> float | None:
    import optuna

    return trial.value if trial.state == optuna.trial.TrialState.COMPLETE else None


def _steps_of(trial: optuna.trial.FrozenTrial) -> tuple[float, ...]:
    return tuple(value for _, value in sorted(trial.intermediate_values.items()))


def _retrace(trial: optuna.trial.Trial, steps: Sequence[float]) -> None:
    """Report what the copy of a candidate reported."""
    for step, value in enumerate(steps, start=1):
        trial.report(value, step)
        # Whatever the answer is: asked, Optuna marks the rung that the training reached, for later batches.
        trial.should_prune()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from reporting what the harness reports itself."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def repeated(judged: Sequence[Judged], options: Mapping[str, Any]) -> Judged | None:
    """Return an earlier candidate with the same options that was judged to the end."""
    return next(
        (each for each in judged if each.state == "complete" and dict(each.options) == dict(options)), None
    )
