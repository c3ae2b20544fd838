"""A stance model and a frames model in, one row a (sentence, party) with both labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.serving.inference.model import LabelModel, table_of
from harness.values.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd


class Together:
    """Two models that label the same rows; see :func:`harness.load_both`.

    Parameters
    ----------
    stance, frames : LabelModel
        One of each task.

    Raises
    ------
    ModelError
        Where they are for other tasks.
    """

    def __init__(self, stance: LabelModel, frames: LabelModel) -> None:
        for model, wanted in ((stance, "stance"), (frames, "framing")):
            if model.task != wanted:
                raise ModelError(
                    f"{model.uri or 'the model'} is for {model.task}; a {wanted} model is needed"
                )
        self.stance, self.frames = stance, frames
        self._known: pd.DataFrame | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that :meth:`predict` returns, in order."""
        return [*self._of_stance.values(), *self._of_frames.values()]

    @property
    def digest(self) -> str:
        """What tells the two from others."""
        return f"{self.stance.digest}-{self.frames.digest}"

    @property
    def _of_stance(self) -> dict[str, str]:
        return {name: "stance" if name == "label" else name for name in self.stance.columns}

    @property
    def _of_frames(self) -> dict[str, str]:
        """Rename what the frames model gives, so that nothing is called as in the stance model's."""
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
            the sentence: they are computed once for each text, however many parties stand beside it.
        first : int
            Number of the first row in messages.

        Returns
        -------
        DataFrame
            As many rows in the same order: ``stance``, one ``p_<stance>`` each, ``abstain``; ``frames``
            (joined by ``|``), one ``p_<frame>`` each, ``frames_abstain``.

        Raises
        ------
        ModelError
            Naming the rows and columns that cannot be used.
        """
        import pandas as pd

        table = table_of(rows)
        stance = self.stance.predict(table, first=first).rename(columns=self._of_stance)
        texts = table["text"]
        framed = self._framed(texts.drop_duplicates())
        found = framed.loc[texts].set_axis(table.index, axis=0)
        return pd.concat([stance, found.rename(columns=self._of_frames)], axis=1)

    def _framed(self, texts: pd.Series[str]) -> pd.DataFrame:
        """Return the frames of texts, by text; those of the rows before are remembered."""
        import pandas as pd

        known = self._known
        fresh = texts if known is None else texts[~texts.isin(known.index)]
        made = self.frames.predict(pd.DataFrame({"text": fresh})).set_axis(pd.Index(fresh), axis=0)
        if known is not None:
            kept = known[known.index.isin(texts)]
            made = pd.concat([kept, made]) if len(kept) else made
        self._known = made
        return made
