"""A model and a file, or rows to audit, in; what is asked of a server out, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.classifiers.remote import AsksServer, Estimate
from harness.serving.inference.chunks import RowReading, files_of, open_all
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.formats import FileRow, format_of
from harness.serving.inference.model import LabelModel
from harness.serving.inference.model_columns import frame_of
from harness.serving.inference.stance_and_frames import Together
from harness.serving.input_rows import examples
from harness.values.errors import ClassifierError, ModelError
from harness.values.formatting import counted
from harness.values.unreadable import UnreadableRow

SAMPLE = 200
"""Rows whose prompts are measured; of the others the number counts."""


@dataclass(frozen=True)
class ServerCost:
    """What one model asks of its server for a file, or for an audit.

    Attributes
    ----------
    server : str
        Which model, where, with which key.
    answers : bool
        Whether anything listens there.
    rows : int
        -1 for standard input, which cannot be counted.
    estimate : Estimate
        At most; answers that are kept are not asked for again.
    variants : int
        Changed rows that are asked about besides.
    """

    server: str
    answers: bool
    rows: int
    estimate: Estimate
    variants: int = 0

    def describe(self) -> list[str]:
        """Say it, a sentence each."""
        sentences = [f"this model sends every text to {self.server}"]
        if self.rows < 0:
            sentences.append("what that costs is not known beforehand: standard input cannot be counted")
        else:
            variants = f" and {counted(self.variants, 'variant')} of them" if self.variants else ""
            sentences.append(
                f"{counted(self.rows, 'row')}{variants}: at most {self.estimate.describe()}; answers that are"
                " kept are not asked for again"
            )
        if not self.answers:
            sentences.append(
                "nothing answers at that address: it needs its server there, or a network; until then only"
                " rows whose answers are kept can be labelled"
            )
        return sentences


def asking(model: LabelModel | Together) -> list[LabelModel]:
    """Return the models whose labels a server gives; most have none."""
    models = [model.stance, model.frames] if isinstance(model, Together) else [model]
    return [each for each in models if isinstance(each.engine.classifier, AsksServer)]


def check_effect(budget: float | None, models: Sequence[object]) -> None:
    """Refuse a budget where no model asks a server.

    Raises
    ------
    ModelError
    """
    if budget is not None and not models:
        raise ModelError("--budget has no effect: this model asks no server, and costs nothing")


def server_cost(
    classifier: AsksServer, rows: int, estimated: Callable[[], Estimate], budget: float | None
) -> ServerCost:
    """Return what a classifier is going to ask, and limit it.

    Parameters
    ----------
    classifier : AsksServer
    rows : int
        -1 where they cannot be counted.
    estimated : callable
        Called once texts and key may go to the server.
    budget : float, optional
        What it may spend from now on.

    Raises
    ------
    ModelError
        Where texts or key may not go to its server, or a budget has no effect.
    """
    try:
        if budget is not None:
            classifier.allow(budget)
        server = classifier.server()
    except ClassifierError as error:
        raise ModelError(str(error)) from error
    return ServerCost(server, classifier.server_answers(), rows, estimated())


def server_costs(
    models: list[LabelModel], source: Path | None, options: FileOptions, budget: float | None
) -> list[ServerCost]:
    """Count what labelling a file takes, and limit it.

    Parameters
    ----------
    models : list of LabelModel
        Of :func:`asking`.
    source : Path or None
        None is standard input.
    options : FileOptions
    budget : float, optional
        What each may spend from now on.

    Raises
    ------
    ModelError
        Where texts or key may not go to a server, or a budget has no effect.
    """
    costs: list[ServerCost] = []
    if models and source is not None:
        count, sample = _counted(source, options)
    else:
        count, sample = -1, []
    for model in models:
        classifier = model.engine.classifier
        assert isinstance(classifier, AsksServer)

        def estimated(model: LabelModel = model) -> Estimate:
            return _scaled(_of_sample(model, sample, options), len(sample), count)

        costs.append(server_cost(classifier, count, estimated, budget))
    return costs


def _counted(source: Path, options: FileOptions) -> tuple[int, list[FileRow]]:
    """Count the rows of a file or a folder, and return the first ones that can be read."""
    count, sample = 0, list[FileRow]()
    files = files_of(source)
    with open_all(files, format_of(files[0]), RowReading(options.layout, keep_bad=True)) as rows:
        for chunk in rows.chunks:
            readable = [row for row in chunk if not isinstance(row, UnreadableRow)]
            sample += readable[: SAMPLE - len(sample)]
            count += len(chunk)
    return count, sample


def _of_sample(model: LabelModel, sample: list[FileRow], options: FileOptions) -> Estimate:
    if not sample:
        return Estimate()
    table = frame_of(sample, options)
    if not set(model.needs) <= set(table.columns):
        # Labelling refuses the file, and says what it lacks.
        return Estimate()
    usable = table[[not problem for problem in model.problems(table)]]
    engine = model.engine
    classifier = engine.classifier
    assert isinstance(classifier, AsksServer)
    return classifier.expected(examples(usable, engine.contract.task, engine.parties))


def _scaled(estimate: Estimate, size: int, count: int) -> Estimate:
    """Return the estimate of a whole file from that of its first rows."""
    if size <= 0 or count <= size:
        return estimate
    factor = count / size
    return replace(
        estimate,
        requests=round(estimate.requests * factor),
        input_tokens=round(estimate.input_tokens * factor),
        output_tokens=round(estimate.output_tokens * factor),
        cost=estimate.cost * factor,
    )
