"""Names of experiments in a store in, the rows of their finished classifiers with all answers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.explorer.answers import AnsweredRows, ExploredClassifier, answered_rows
from harness.explorer.page_data import MAX_PAGE, Described, page_data
from harness.explorer.page_writer import explorer_page
from harness.explorer.scored_rows import ROWS, TEXTUAL, read_rows
from harness.scoring.slices import Slice
from harness.tracking.finished_runs import (
    FinishedRun,
    finished_runs,
    read_config,
    read_evidence,
    read_file,
    read_predictions,
    unfinished_notes,
)
from harness.tracking.store import Store
from harness.values.commands import command_line
from harness.values.formatting import counted
from harness.values.labels import LabelSet
from harness.values.progress import progress
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd

    from harness.explorer.explanations import Explanations


@dataclass(frozen=True)
class Explored:
    """Finished classifiers, their rows, and what a page says about them.

    Attributes
    ----------
    runs : tuple of FinishedRun
    rows : AnsweredRows
    details : DataFrame
        See :func:`harness.explorer.scored_rows.scored_rows`.
    described : Described
    """

    runs: tuple[FinishedRun, ...]
    rows: AnsweredRows = field(repr=False)
    details: pd.DataFrame = field(repr=False)
    described: Described

    def page(
        self, *, served: bool = False, explanations: Explanations | None = None, limit: int = MAX_PAGE
    ) -> str:
        """Return the page, of at most ``limit`` bytes; see :func:`page_data` and :func:`explorer_page`."""
        described = self.described
        if explanations is not None:
            described = replace(described, notes=(*described.notes, *explanations.notes))
        data = page_data(self.rows, self.details, described, explanations=explanations, limit=limit)
        return explorer_page(data, described, served=served)


def explore(store: Store, experiments: Sequence[str]) -> Explored:
    """Read the finished classifiers of experiments.

    Parameters
    ----------
    store : Store
    experiments : sequence of str
        By name.

    Raises
    ------
    StoreError
        Where an experiment is unknown or has no finished run, or files are gone.
    """
    explored = explore_runs(store, finished_runs(store, experiments))
    notes = (*explored.described.notes, *unfinished_notes(store, experiments))
    return replace(explored, described=replace(explored.described, notes=notes))


def explore_runs(store: Store, runs: Sequence[FinishedRun]) -> Explored:
    """Read finished classifiers; see :func:`explore`.

    Of classifiers with different labels, those stay that most others share theirs with; a note names the
    others.
    """
    predictions = {run: read_predictions(store, run) for run in progress(runs, "reading", len(runs), "runs")}
    included, left_out = _of_one_label_set(predictions)
    configs = [read_config(store, run) for run in included]
    classifiers, slices = [], dict[tuple[str, str], Slice]()
    tables: list[pd.DataFrame] = []
    shown = all(config.get("tracking", {}).get("log_text", True) for config in configs)
    for run in included:
        evidence = read_evidence(store, run)
        classifiers.append(
            ExploredClassifier(run.name, predictions[run], tuple(evidence.findings), run.run_id)
        )
        slices |= {(cut.column, cut.value): cut for cut in evidence.slices}
        table = _rows_of(store, run, evidence.sentences, tables)
        if table is not None:
            tables.append(table)
    rows = answered_rows(classifiers, tuple(slices.values()))
    details = _joined(tables)
    described = Described(
        title=", ".join(dict.fromkeys(run.experiment for run in included)),
        task=str(configs[0].get("task", "")),
        corpus=_corpus(configs),
        # One experiment that may not hold sentences is enough: its rows may be those of another.
        shows_text=shown,
        notes=(*_left_out_notes(left_out, predictions), *_notes(rows, details, shown=shown)),
    )
    return Explored(tuple(included), rows, details if shown else _without_texts(details), described)


def _of_one_label_set(
    predictions: Mapping[FinishedRun, Predictions],
) -> tuple[list[FinishedRun], list[FinishedRun]]:
    """Return the runs with the labels that most have, of equally many the first, and the others."""
    counts = Counter(table.labels for table in predictions.values())
    labels = max(counts, key=lambda label_set: counts[label_set])
    included = [run for run, table in predictions.items() if table.labels == labels]
    return included, [run for run in predictions if run not in included]


def _left_out_notes(
    runs: Sequence[FinishedRun], predictions: Mapping[FinishedRun, Predictions]
) -> Iterator[str]:
    by_labels: dict[LabelSet, list[FinishedRun]] = {}
    for run in runs:
        by_labels.setdefault(predictions[run].labels, []).append(run)
    for labels, others in by_labels.items():
        command = command_line("explore", *dict.fromkeys(run.experiment for run in others))
        names = ", ".join(run.name for run in others)
        yield f"Left out because of other labels ({', '.join(labels.names)}): {names}; see `{command}`."


def _rows_of(
    store: Store, run: FinishedRun, sentences: Mapping[str, str], tables: Sequence[pd.DataFrame]
) -> pd.DataFrame | None:
    """Read the scored rows of a run; of one by an earlier version, the sentences of its table for the UI."""
    import pandas as pd

    data = read_file(store, run, ROWS)
    if data is not None:
        return read_rows(data)
    known_ids = {id_ for table in tables for id_ in table["id"]}
    missing = {id_: text for id_, text in sentences.items() if id_ not in known_ids}
    return pd.DataFrame({"id": list(missing), "text": list(missing.values())}) if missing else None


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    if not tables:
        return pd.DataFrame({"id": []})
    # Tables with sentences first: of an id that several hold, the first counts.
    ordered = sorted(tables, key=lambda table: "outlet" not in table.columns)
    return pd.concat(ordered, ignore_index=True).drop_duplicates("id").reset_index(drop=True)


def _without_texts(details: pd.DataFrame) -> pd.DataFrame:
    return details.drop(columns=[name for name in TEXTUAL if name in details.columns])


def _corpus(configs: Sequence[dict[str, Any]]) -> str:
    names = (config.get("corpus", {}) for config in configs)
    return ", ".join(dict.fromkeys(str(corpus.get("name") or corpus.get("kind", "")) for corpus in names))


def _notes(rows: AnsweredRows, details: pd.DataFrame, *, shown: bool) -> tuple[str, ...]:
    if not shown:
        return ()
    texts = set(details["id"]) if "text" in details.columns else set()
    unnamed = sum(id_ not in texts for id_ in rows.ids)
    if not unnamed:
        return ()
    return (f"{counted(unnamed, 'row')} stand here without a sentence: runs of earlier versions keep few.",)
