"""A model folder in, a model out that labels rows."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.serving.contract import DATA, FILE
from harness.serving.engine import LabelEngine
from harness.serving.input_rows import COLUMNS, AbsentTargets, needed_columns, row_problems
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import Task

if TYPE_CHECKING:
    import pandas as pd

    from harness.serving.trust import ModelCard
    from harness.values.language import LanguageCheck


@dataclass(frozen=True)
class LabelModel:
    """A model that labels sentences; load one with :func:`harness.load`.

    Attributes
    ----------
    engine : LabelEngine
    uri : str
        The address that it was loaded from.
    packed_card : ModelCard or None
        As it lies in the model's folder.
    language_check : LanguageCheck
        Looks at the texts that it labels.
    absent_targets : AbsentTargets
        Counts the rows that it labelled whose text does not name their target.
    """

    engine: LabelEngine
    uri: str = ""
    packed_card: ModelCard | None = field(default=None, repr=False, compare=False)
    language_check: LanguageCheck = field(init=False, repr=False, compare=False)
    absent_targets: AbsentTargets = field(default_factory=AbsentTargets, repr=False, compare=False)

    def __post_init__(self) -> None:
        from harness.values.language import LanguageCheck

        # Set here, not by the caller: whoever has an engine has a check that belongs to it.
        object.__setattr__(self, "language_check", LanguageCheck(self.languages))

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that it was trained on; empty where they are unknown."""
        return self.engine.contract.languages

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the labels made so far should know, a clause each."""
        return (self.language_check.note,) if self.language_check.note else ()

    @property
    def card(self) -> ModelCard:
        """What it was trained on, how well it scores and what it failed; printed, it is one line."""
        from harness.serving.trust import ModelCard

        return self.packed_card or ModelCard.of_contract(self.engine.contract)

    @property
    def trust(self) -> list[str]:
        """How far its labels may be trusted, as one line; see :mod:`harness.serving.trust`."""
        from harness.serving.trust import trust_lines

        return trust_lines({self.task: self.card})

    @property
    def task(self) -> Task:
        """``"stance"`` or ``"framing"``."""
        return self.engine.contract.task

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels, in the order of its probabilities."""
        return self.engine.contract.labels.names

    @property
    def columns(self) -> list[str]:
        """The columns that :meth:`predict` returns, in order."""
        return self.engine.columns

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits of its contract's SHA-256: other models have other digits."""
        return hashlib.sha256(repr(self.engine.contract).encode()).hexdigest()[:16]

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that rows must have."""
        return needed_columns(self.task)

    def problems(self, rows: pd.DataFrame) -> list[str]:
        """Say of each row why :meth:`predict` would refuse it; an empty text where it would not."""
        return row_problems(rows, self.task)

    def forget(self) -> None:
        """Cache nothing of the rows so far: those that follow are computed as if they were the first."""
        self.engine.recent.clear()

    def predict(self, rows: pd.DataFrame | Sequence[Mapping[str, Any]], *, first: int = 1) -> pd.DataFrame:
        """Label rows.

        Parameters
        ----------
        rows : DataFrame or list of dict
            ``text``; for stance also ``target``, and optionally ``target_start``, ``target_end`` (characters,
            the end exclusive) and ``holder``. A target without a span is searched in the text by the party's
            names and aliases.
        first : int
            Number of the first row in messages.

        Returns
        -------
        DataFrame
            As many rows, in order: ``label`` (multi-label: all that apply, joined by ``|``), one
            ``p_<label>`` each, in ``[0, 1]``, and ``abstain``; where a risk was wanted also ``risk_met``.

        Raises
        ------
        ModelError
            Naming the rows and columns that cannot be used.

        Warns
        -----
        LanguageWarning
            Once, where text is in another language than the model was trained on.
        """
        from harness.values.language import MAX_TEXTS, LanguageWarning

        table = table_of(rows)
        labelled = self.engine.label(table, first=first, absent=self.absent_targets)
        # After the rows were checked: each has a text.
        note = self.language_check.add([str(text) for text in table["text"][:MAX_TEXTS]])
        if note:
            warnings.warn(note, LanguageWarning, stacklevel=2)
        return labelled


def table_of(rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Turn rows into a table; a table stays as it is."""
    import pandas as pd

    if isinstance(rows, pd.DataFrame):
        return rows
    # Without rows there are no keys to take columns from, and the model would call its columns missing.
    return pd.DataFrame.from_records(list(rows), columns=None if rows else COLUMNS)


def load_folder(folder: Path, *, engine: str = "", uri: str = "") -> LabelModel:
    """Load a model from its folder; no store is needed.

    Parameters
    ----------
    folder : Path
        A model folder (:mod:`harness.serving`), or the MLflow model around one.
    engine : {"auto", "fp32", "onnx", "bf16", "int8"}, optional
        What computes, for models that have a choice. Default: the environment variable ``HARNESS_ENGINE``,
        else ``auto``, the fastest.
    uri : str, optional
        The address of the model, for messages; default: the folder.

    Raises
    ------
    ForeignModelError
        Where the folder is not a model of the harness.
    ModelError
        Where there is no such folder, or the model is damaged: a file is not the one that was packed.

    Warns
    -----
    UnsealedWarning
        Where the model was packed before models were sealed.
    """
    address = uri or str(folder)
    if not folder.is_dir():
        raise ModelError(f"there is no model {address!r}: give models:/NAME@champion, runs:/ID or a folder")
    # Here, and not above: what labels alone loads little.
    from harness.serving.seals import warn_unsealed
    from harness.serving.trust import ModelCard

    data = data_folder(folder)
    loaded = LabelEngine.read(data, engine)
    warn_unsealed(loaded.sealed, address)
    return LabelModel(loaded, address, ModelCard.read(data, loaded.contract))


def data_folder(folder: Path) -> Path:
    """Return the model folder: the folder itself, or the one in the MLflow model around it."""
    candidates = (folder, folder / "data" / DATA)
    for candidate in candidates:
        if (candidate / FILE).is_file():
            return candidate
    from harness.serving.seals import lists

    for candidate in candidates:
        # A model that has lost its contract: what is missing is then said by name.
        if lists(candidate, FILE):
            return candidate
    raise ForeignModelError(f"{folder} is not a model of the harness: it holds no {FILE}")
