"""A finished classifier in, the contents of its parent run out: files, metrics, tags, dataset, model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from harness.classifiers.corpus_rows import corpus_examples
from harness.evaluation.external import EXTERNAL
from harness.evaluation.results import ExperimentInfo, FinishedClassifier
from harness.reports import figures, vector_figures
from harness.reports.frames_by_party import framed_svg
from harness.reports.model_card import card_of
from harness.reports.pages import About, run_page
from harness.reports.run_summary import Summary
from harness.scoring.crosstab import as_table
from harness.serving.contract import DATA
from harness.serving.seals import SEAL, seal_of
from harness.serving.trust import trust_line
from harness.tracking import context, descriptions, names, run_files, run_metrics, sending
from harness.values.spreadsheets import frame_text

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import DatasetInput

    from harness.config.plan import Plan
    from harness.tracking.store import Store


class ModelPackager(Protocol):
    """Writes the MLflow model of a finished classifier; see :func:`harness.runs.packaging.pack`."""

    def __call__(self, path: Path, summary: Summary, *, run_id: str, model_id: str) -> None:
        """Write it as the folder ``path``, which must not exist."""


class ExperimentWriter(Protocol):
    """What filling a run needs of a tracker: the store, the experiment, and a scratch folder."""

    store: Store

    @property
    def experiment_id(self) -> str:
        """The experiment's id in MLflow."""

    @property
    def git(self) -> context.Git:
        """The state of the repository that the config lies in."""

    def scratch(self) -> AbstractContextManager[Path]:
        """Create an empty folder, deleted after the block."""


def experiment_tags(plan: Plan) -> dict[str, str]:
    """Return the tags of an experiment that its runs do not change."""
    return {names.PRIMARY: plan.primary.name, names.PROMOTION: plan.promotion.model_dump_json()}


def log_classifier(
    tracker: ExperimentWriter,
    run_id: str,
    finished: FinishedClassifier,
    pack: ModelPackager | None,
    attachments: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Log a finished classifier into its parent run.

    The model comes before the scores, so that MLflow can link them to it.

    Parameters
    ----------
    tracker : ExperimentWriter
    run_id : str
    finished : FinishedClassifier
    pack : ModelPackager or None
        Writes the model; None: no model is logged.
    attachments : mapping
        Further files by name.
    """
    client, result = tracker.store.client, finished.result
    summary = Summary(finished)
    values = values_of(summary)
    # Written first and sent together: on a server every file is a request.
    with tracker.scratch() as folder:
        write_artifacts(folder, summary, tracker.git)
        write_attachments(folder, attachments)
        (folder / run_metrics.MEASURES).write_text(run_metrics.measures_csv(values), encoding="utf-8")
        sending.send_folder(tracker.store, run_id, folder)
    data = dataset(finished.experiment)
    client.log_inputs(run_id, datasets=[data])
    model_id = None
    if pack is not None and result.model is not None:
        model_id = _log_model(tracker, run_id, summary, pack)
    linked: dict[str, Any] = {"dataset_name": data.dataset.name, "dataset_digest": data.dataset.digest}
    experiment = finished.experiment
    used = [key for key in run_metrics.RARE if key in values]
    keys = run_metrics.run_keys(experiment.primary, experiment.metrics, experiment.labels, len(used))
    shown = run_metrics.shown(values, (*keys, *used))
    times = {key: shown.pop(key) for key in run_metrics.TIMES}
    # Linked to model and dataset: without that the model's page shows the first step of its curves.
    logged = names.metrics(shown, model_id=model_id, run_id=run_id, **linked)
    served = result.served
    names_tuned = sorted(result.classifier.tuned_options)
    tuned = {name: served.options[name] for name in names_tuned} if served is not None else {}
    sending.send_values(
        client,
        run_id,
        options=names.option_parameters(tuned),
        metrics=logged + names.metrics(times),
        tags=_tags(summary, run_id),
    )


def values_of(summary: Summary) -> dict[str, float]:
    """Return every number of a finished classifier by key: scores, calibration, audits, times."""
    result = summary.result
    return {
        **names.score_values(result.scores),
        **summary.decision_report.values(),
        **names.finding_values(result.findings),
        **run_metrics.seconds_of(result),
        **run_metrics.usage_of(result.trials),
        **run_metrics.tuning_of(result.trials),
        **run_metrics.missing_shares(result.predictions),
    }


def write_attachments(folder: Path, attachments: Mapping[str, bytes]) -> None:
    """Write further files of a run: what rooms above this one make of its results."""
    for name, data in attachments.items():
        (folder / name).write_bytes(data)


def write_artifacts(folder: Path, summary: Summary, git: context.Git) -> None:
    """Write the files of a parent run: report, figures, config, environment, predictions, scores."""
    result = summary.result
    run_files.write_result(folder, result)
    run_files.write_slices(folder / run_files.SLICES, summary.rows.slices)
    # Licensed text may be kept out of the store: tracking.log_text: false.
    texts = _texts(summary) if summary.shows_text else None
    (folder / run_files.TABLE).write_text(run_files.table(summary.test, texts), encoding="utf-8")
    (folder / "config.yaml").write_text(summary.experiment.config_text, encoding="utf-8")
    environment = context.environment() | {"git": vars(git)}
    (folder / "environment.json").write_text(json.dumps(environment, indent=1) + "\n", encoding="utf-8")
    about = About(
        date=datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=context.machine(),
        commit=git.commit,
        dirty=git.dirty,
        versions=context.versions(),
    )
    (folder / "report.html").write_text(run_page(summary, about), encoding="utf-8")
    plots = folder / "figures"
    plots.mkdir()
    title = f"{result.classifier.name}, test, seed {summary.seed}"
    drawn = {
        "confusion_matrix": vector_figures.confusion_svg(summary.confusion, summary.labels, title),
        "scores": _intervals(summary),
    }
    if summary.has_probabilities:
        drawn["reliability"] = vector_figures.reliability_svg(summary.reliability, title)
    if summary.crossed:
        crossed = frame_text(as_table(summary.crossed))
        (folder / "frames_by_party.csv").write_text(crossed, encoding="utf-8", newline="")
        drawn["frames_by_party"] = framed_svg(summary.crossed, title, summary.experiment.task)
    for name, figure in drawn.items():
        (plots / f"{name}.svg").write_text(figure, encoding="utf-8")
    curves = {trial.trial.name: trial.curves for trial in result.trials if trial.curves}
    if curves:
        (plots / "training_curves.png").write_bytes(figures.curves_png(curves, result.classifier.name))


def _texts(summary: Summary) -> pd.DataFrame:
    """Return the sentences of the table for the UI, with the place of the party where it can be found."""
    import pandas as pd

    ids = [str(id_) for id_ in summary.test.rows["id"].head(run_files.TABLE_ROWS)]
    corpus = summary.rows.test.take(ids)
    # By name where the corpus has no offsets, as classifiers see it.
    spans = [(example.spans or ((None, None),))[0] for example in corpus_examples(corpus)]
    starts, ends = zip(*spans, strict=True) if spans else ((), ())
    rows = {"id": ids, "text": corpus.rows["text"].tolist(), "start": starts, "end": ends}
    # Frames belong to the sentence, whichever party is named first.
    targets = corpus.rows["target"].tolist() if summary.experiment.task == "stance" else [None] * len(ids)
    return pd.DataFrame(rows | {"target": targets})


def _intervals(summary: Summary) -> str:
    """Draw the scores on test that are shares, the primary metric first."""
    primary, rows = summary.experiment.primary, summary.scores
    # A loss may be far above 1: it would press the others together.
    shares = [metric for metric in summary.experiment.metrics if metric.high <= 1 and metric != primary]
    names_of = [key for metric in (primary, *shares) for key in metric.keys(summary.labels)]
    by_name = {row["metric"]: row for row in rows[rows["split"] == "test"].to_dict("records")}
    drawn = [
        (name, float(row["value"]), float(row["low"]), float(row["high"]))
        for name in names_of
        if (row := by_name.get(name)) is not None and not math.isnan(row["value"])
    ]
    baseline = summary.baseline.value if summary.baseline is not None else math.nan
    title = f"{summary.result.classifier.name}: scores on test with 95 % intervals"
    return vector_figures.intervals_svg(drawn, title, baseline)


def dataset(experiment: ExperimentInfo) -> DatasetInput:
    """Describe the corpus as an MLflow dataset.

    Its digest is the corpus's fingerprint: MLflow's own covers the first 10,000 rows only.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    corpus, split = experiment.corpus, experiment.split
    profile = {
        "num_rows": corpus.size,
        "labels": dict(corpus.label_counts),
        "splits": dict(split.sizes),
        "folds": split.folds,
        "split_fingerprint": split.fingerprint,
    }
    described = Dataset(
        name=corpus.name,
        digest=corpus.fingerprint,
        source_type="local",
        source=json.dumps({"uri": corpus.source}),
        profile=json.dumps(profile),
    )
    return DatasetInput(described, [InputTag("mlflow.data.context", "train, validation, test")])


def _log_model(tracker: ExperimentWriter, run_id: str, summary: Summary, pack: ModelPackager) -> str:
    """Log the served model; one per run, since MLflow would give a second one the metrics of the first."""
    from mlflow.entities import LoggedModelOutput

    client, result = tracker.store.client, summary.result
    tags = {names.TEST: result.predictions.only(split="test").fingerprint()}
    model = client.create_logged_model(
        tracker.experiment_id,
        name=result.classifier.name,
        source_run_id=run_id,
        tags=tags,
        params=dict(names.parameters({"kind": result.classifier.bound.kind})),
    )
    with tracker.scratch() as folder:
        try:
            pack(folder / "model", summary, run_id=run_id, model_id=model.model_id)
            sending.send_model(tracker.store, model, folder / "model")
            seal = seal_of(folder / "model" / "data" / DATA)
        # On Ctrl-C too: a model that is neither READY nor FAILED would look unfinished for ever.
        except BaseException:
            client.finalize_logged_model(model.model_id, "FAILED")
            raise
    if seal:
        client.set_logged_model_tags(model.model_id, {SEAL: seal})
        client.set_tag(run_id, SEAL, seal)
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return str(model.model_id)


def _tags(summary: Summary, run_id: str) -> dict[str, str]:
    result = summary.result
    has_model = result.model is not None and result.classifier.bound.kind != EXTERNAL
    tags = {
        names.TEST: result.predictions.only(split="test").fingerprint(),
        names.VALIDATION: result.predictions.only(split="validation").fingerprint(),
        names.AUDITS: summary.audits_in_short,
        names.TRUST: trust_line(card_of(summary)),
        descriptions.NOTE: descriptions.run_note(summary, run_id if has_model else ""),
        "mlflow.loggedArtifacts": json.dumps([{"path": run_files.TABLE, "type": "table"}]),
    }
    tags |= names.source_tags(result.provenance)
    if result.classifier.bound.kind == EXTERNAL:
        tags["harness.model"] = "none: the predictions are external"
    elif result.model is None:
        tags["harness.model"] = "none: the classifier cannot be saved"
    return tags
