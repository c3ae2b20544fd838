"""Rows and a model folder in, the model's own answers to them out: by these it is recognised anywhere.

``probes.json`` holds at most :data:`MAX_PROBES` rows and, for each engine that the model had where it was
packed, the probabilities that it gave; and the labels and abstentions that follow from the exact ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.serving.engine import LabelEngine, choose
from harness.serving.input_rows import COLUMNS
from harness.values.errors import ModelError
from harness.values.record_files import read_record

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FILE = "probes.json"
FORMAT = 1
MAX_PROBES = 50

EXACT = "fp32"
TOLERANCES: Mapping[str, float] = {EXACT: 1e-4, "onnx": 1e-4, "bf16": 0.02, "int8": 0.02}
"""How far a probability may lie from the recorded one, by engine. Other processors and numbers of threads
change exact ones in the sixth digit; the fast engines promise no more than 0.02, the widest gap of a row
whose label may change (:mod:`harness.classifiers.encoder.engines.acceptance`)."""


@dataclass(frozen=True)
class Probes:
    """Rows, and what a model answered to them.

    Attributes
    ----------
    rows : list of dict
        As :meth:`harness.serving.engine.LabelEngine.label` takes them.
    proba : mapping
        Engine → ``(n, k)`` calibrated probabilities.
    labels : list of str
    abstain : list of bool
    """

    rows: list[dict[str, Any]]
    proba: Mapping[str, NDArray[np.float64]]
    labels: list[str]
    abstain: list[bool]

    def table(self) -> pd.DataFrame:
        """Return the rows as a table."""
        return _table(self.rows)


def write_probes(folder: Path, rows: pd.DataFrame) -> None:
    """Label rows with the model in a folder, and write rows and answers beside it.

    Parameters
    ----------
    folder : Path
        A model folder, complete but for its probes.
    rows : DataFrame
        Columns as for labelling, or ``start`` and ``end`` for the span, as a corpus calls them; at most
        :data:`MAX_PROBES` of them, evenly spread, are used.
    """
    records = _spread(rows.rename(columns={"start": "target_start", "end": "target_end"}))
    engine = LabelEngine.read(folder, EXACT)
    table = _table(records)
    answers = {name: answer for name in TOLERANCES if (answer := _answer(engine, name, table)) is not None}
    exact = answers[EXACT]
    data = {
        "format": FORMAT,
        "rows": records,
        "proba": {name: probabilities(engine, answer).tolist() for name, answer in answers.items()},
        "labels": exact["label"].tolist(),
        "abstain": exact["abstain"].tolist(),
    }
    (folder / FILE).write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_probes(folder: Path) -> Probes | None:
    """Read the probes of a model; None for one that an earlier version packed.

    Raises
    ------
    ModelError
        Where the file is damaged.
    """
    path = folder / FILE
    return read_record(path, _recorded, ModelError) if path.is_file() else None


def _recorded(data: Mapping[str, Any]) -> Probes:
    proba = {name: np.array(values, dtype=np.float64) for name, values in data["proba"].items()}
    labels, abstain = [str(label) for label in data["labels"]], [bool(row) for row in data["abstain"]]
    rows = [dict(row) for row in data["rows"]]
    if not len(rows) == len(labels) == len(abstain) == len(proba[EXACT]):
        raise ValueError("rows and answers differ in number")
    return Probes(rows, proba, labels, abstain)


def probabilities(engine: LabelEngine, answer: pd.DataFrame) -> NDArray[np.float64]:
    """Return the probabilities in a model's answer, in the order of its labels."""
    return np.asarray(answer[[f"p_{name}" for name in engine.contract.labels.names]], dtype=np.float64)


def differences(engine: LabelEngine, probes: Probes) -> dict[str, float]:
    """Return how far the largest probability lies from the recorded one, for each recorded engine.

    Engines that this machine does not have are left out. A model with other labels differs infinitely.
    """
    by_engine: dict[str, float] = {}
    for name, recorded in probes.proba.items():
        answer = _answer(engine, name, probes.table())
        if answer is None:
            continue
        computed = probabilities(engine, answer)
        same = computed.shape == recorded.shape and (np.isnan(computed) == np.isnan(recorded)).all()
        # What had no answer has none again: nothing to compare.
        by_engine[name] = (
            float(np.nan_to_num(abs(computed - recorded)).max(initial=0.0)) if same else math.inf
        )
    return by_engine


def relabelled(engine: LabelEngine, probes: Probes) -> int:
    """Count the rows whose recorded label, or abstention, does not follow from the recorded probabilities.

    It is 0 unless labels, thresholds, what is shown or the rule of abstention are others than when the model
    was packed.
    """
    labels, decider, proba = engine.contract.labels, engine.contract.effective_decider, probes.proba[EXACT]
    if proba.shape[1:] != (len(labels),):
        return len(probes.rows)
    codes = decider.decide(proba)
    names, _ = engine.texts_of(codes, proba)
    abstains = decider.abstains(proba, codes)
    return sum(
        name != label or bool(abstain) != recorded
        for name, abstain, label, recorded in zip(names, abstains, probes.labels, probes.abstain, strict=True)
    )


def _answer(engine: LabelEngine, name: str, table: pd.DataFrame) -> pd.DataFrame | None:
    """Label a table by an engine; None where the model has no such engine here."""
    try:
        choose(engine.classifier, name)
    except ModelError:
        return None
    # Not from the rows that another engine has just computed.
    return engine.uncached().label(table)


def _spread(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return at most :data:`MAX_PROBES` rows, the first and the last among them."""
    count = min(MAX_PROBES, len(rows))
    chosen = rows.iloc[np.linspace(0, len(rows) - 1, count).round().astype(int)]
    columns = [name for name in COLUMNS if name in chosen.columns]
    return [
        {name: _plain(value) for name, value in zip(columns, row, strict=True)}
        for row in chosen[columns].astype(object).to_numpy().tolist()
    ]


def _plain(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value):
        return None
    return value if isinstance(value, str) else int(value)


def _table(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    # As objects: a column of offsets with gaps would become one of floats.
    return pd.DataFrame.from_records(list(records), columns=list(COLUMNS)).astype(object)
