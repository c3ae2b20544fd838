"""A champion in, its labels of thirty obvious sentences out.

    python -m experiments.obvious.check
    python -m experiments.obvious.check --model runs:/RUN

The sentences are in ``sentences.csv``: ten a label, about parties of no corpus, written before any model had
labelled them and never trained on.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import harness
from harness.serving.inference.model import LabelModel

SENTENCES = Path(__file__).parent / "sentences.csv"
SIGNS = {"critical": -1, "neutral": 0, "supportive": 1}


@dataclass(frozen=True)
class Obvious:
    """What a model made of the sentences.

    Attributes
    ----------
    rows : DataFrame
        The sentences with ``prediction`` and ``abstain``.
    """

    rows: pd.DataFrame

    @property
    def answered(self) -> int:
        """Sentences on which the model did not abstain."""
        return int((~self.rows["abstain"]).sum())

    @property
    def wrong(self) -> int:
        """Answered sentences with another label than the obvious one."""
        return int((~self.rows["abstain"] & (self.rows["prediction"] != self.rows["label"])).sum())

    @property
    def reversed(self) -> int:
        """Answered sentences in which praise was taken for blame, or blame for praise."""
        product = self.rows["prediction"].map(SIGNS) * self.rows["label"].map(SIGNS)
        return int((~self.rows["abstain"] & (product < 0)).sum())

    def __str__(self) -> str:
        return f"{self.answered} of {len(self.rows)} answered, {self.wrong} wrong, {self.reversed} reversed"


def check(model: LabelModel) -> Obvious:
    """Let a stance model label the sentences."""
    rows = pd.read_csv(SENTENCES)
    labelled = model.predict(rows[["text", "target"]])
    answers = {
        "prediction": labelled["label"].to_numpy(),
        "abstain": labelled["abstain"].to_numpy(dtype=bool),
    }
    return Obvious(rows.assign(**answers))


def main() -> None:
    """Print the sentences on which the model is wrong or unsure, and the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="models:/stance@champion", help="address of a stance model")
    result = check(harness.load(parser.parse_args().model))
    for row in result.rows.to_dict("records"):
        if row["abstain"] or row["prediction"] != row["label"]:
            answer = "unsure" if row["abstain"] else row["prediction"]
            print(f"{row['label']:11} {answer:11} {row['text']}")
    print(result)


if __name__ == "__main__":
    main()
