"""A stance model and a framing model in, both labels of each (sentence, party) out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.serving.inference.model import LabelModel, table_of
from harness.serving.input_rows import AbsentTargets
from harness.values.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd


class Together:
    """A stance model and a framing model that label the same rows; load them with :func:`harness.load_both`.

    Parameters
    ----------
    stance, frames : LabelModel

    Raises
    ------
    ModelError
        Where one is for the other task.
    """

    def __init__(self, stance: LabelModel, frames: LabelModel) -> None:
        for model, task in ((stance, "stance"), (frames, "framing")):
            if model.task != task:
                raise ModelError(f"{model.uri or 'the model'} is a {model.task} model, not a {task} model")
        self.stance, self.frames = stance, frames
        self._latest: pd.DataFrame | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that :meth:`predict` returns, in order."""
        return [*self.stance.columns, *self._frame_names.values()]

    @property
    def trust(self) -> list[str]:
        """How far the labels of each may be trusted, a line each; see :mod:`harness.serving.trust`."""
        from harness.serving.trust import trust_lines

        return trust_lines({"stance": self.stance.card, "frames": self.frames.card})

    @property
    def digest(self) -> str:
        """The digests of both models."""
        return f"{self.stance.digest}-{self.frames.digest}"

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that rows must have."""
        return self.stance.needs

    def problems(self, rows: pd.DataFrame) -> list[str]:
        """Say of each row why :meth:`predict` would refuse it; an empty text where it would not."""
        return self.stance.problems(rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the labels should know; what is true of both models stands once."""
        return tuple(dict.fromkeys((*self.stance.notes, *self.frames.notes)))

    @property
    def absent_targets(self) -> AbsentTargets:
        """Counts the rows whose text does not name their target; frames have none."""
        return self.stance.absent_targets

    def forget(self) -> None:
        """Cache nothing of the rows so far: those that follow are computed as if they were the first."""
        self.stance.forget()
        self.frames.forget()
        self._latest = None

    @property
    def _frame_names(self) -> dict[str, str]:
        """The framing model's columns and the names that tell them from the stance model's."""
        renamed = {}
        for name in self.frames.columns:
            if name == "label":
                renamed[name] = "frames"
            elif name.startswith("p_") and name not in self.stance.columns:
                renamed[name] = name
            else:
                renamed[name] = f"frames_{name}"
        return renamed

    def predict(self, rows: pd.DataFrame | Sequence[Mapping[str, object]], *, first: int = 1) -> pd.DataFrame:
        """Label rows.

        Parameters
        ----------
        rows : DataFrame or list of dict
            As for :meth:`harness.serving.inference.LabelModel.predict` of a stance model. Frames belong to
            the sentence: they are computed once for each text, however many parties it mentions.
        first : int
            Number of the first row in messages.

        Returns
        -------
        DataFrame
            As many rows, in order: what the stance model alone gives, ``label``, one ``p_<stance>`` each,
            ``abstain``; then ``frames`` (joined by ``|``), one ``p_<frame>`` each, ``frames_abstain``.
            Probabilities are in ``[0, 1]``.

        Raises
        ------
        ModelError
            Naming the rows and columns that cannot be used.
        """
        import pandas as pd

        table = table_of(rows)
        # First, since it checks the rows: the frames below rely on every text being there.
        stance = self.stance.predict(table, first=first)
        texts = table["text"]
        # Once for each text of the chunk, then laid out over the rows that share it.
        frames = self._frames_of(texts.drop_duplicates()).loc[texts].set_axis(table.index, axis=0)
        return pd.concat([stance, frames.rename(columns=self._frame_names)], axis=1)

    def _frames_of(self, texts: pd.Series[str]) -> pd.DataFrame:
        """Return the frames of texts, indexed by text.

        Those of the last call are reused: the parties of a sentence may be split between two chunks of a
        file.
        """
        import pandas as pd

        latest = self._latest
        new = texts if latest is None else texts[~texts.isin(latest.index)]
        table = self.frames.predict(pd.DataFrame({"text": new})).set_axis(pd.Index(new), axis=0)
        if latest is not None:
            repeated = latest[latest.index.isin(texts)]
            table = pd.concat([repeated, table]) if len(repeated) else table
        self._latest = table
        return table
