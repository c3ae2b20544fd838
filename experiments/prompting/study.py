"""What the order of the labels in a prompt, and dividing by a prior, do to a small language model.

    harness serve-llm                              # in another window
    python -m experiments.prompting.study

On Partyline: the prior is of the validation rows, and test is scored. ``listed`` has the labels in the order
of the label set under the same letters for every row; ``shuffled`` in another order for each row, as
``kind: llm`` always does. ``prior`` divides by the mean of each label, as its option does; ``letters``, which
is no option, by the mean of each letter.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.llm import LanguageModel, llm
from harness.classifiers.llm.prompting import Prompt
from harness.classifiers.llm.transports import LETTERS
from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.scoring.score import score
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIG = Path(__file__).parents[2] / "configs" / "llm-local.yaml"
RESULTS = Path(__file__).with_name("results.csv")
NAME = "prompted"
COLUMNS = ("order", "debias", "f1_macro", "low", "high", "questions", "label_mass", "letters", "labels")


class Listed(Prompt):
    """A prompt that has the labels in their own order for every row."""

    def ordered(self, names: Sequence[str], shown: Mapping[str, str], asked: str) -> list[str]:
        """The same whatever is shown."""
        del shown, asked
        return list(names)


PROMPTS: dict[str, type[Prompt]] = {"listed": Listed, "shuffled": Prompt}


def asked_by(prepared: Prepared, order: str, debias: str) -> LanguageModel:
    """Return the config's classifier with an order of labels and a way to debias."""
    (planned,) = [each for each in prepared.plan.classifiers if each.name == NAME]
    options: dict[str, Any] = {**planned.bound.options, "debias": "prior" if debias == "prior" else "none"}
    model = llm(**options, labels=prepared.plan.labels, seed=1)
    prompt = model.prompt
    fields = {"source": prompt.source, "labels": prompt.labels, "definitions": prompt.definitions}
    model.prompt = PROMPTS[order](**fields, target=prompt.target)
    return model


def row(prepared: Prepared, order: str, debias: str) -> dict[str, Any]:
    """Ask about validation and test; return a row of the table."""
    split = prepared.splits[0]
    model = asked_by(prepared, order, debias)
    model.fit(prepared.labelled(split, "train"), prepared.labelled(split, "validation"))
    examples = prepared.labelled(split, "test").examples
    proba = model.predict_proba(examples)
    if debias == "letters":
        proba = by_letter(model, proba, examples, prepared.labelled(split, "validation").examples)
    corpus = prepared.part(split, "test")
    predictions = Predictions.of(corpus, prepared.plan.labels, proba, run=NAME, split="test", seed=1, fold=0)
    rows = score(predictions, [prepared.plan.primary]).rows
    scored = rows[rows["slice"] == "all"].iloc[0]
    labels = [prepared.plan.labels.names[code] for code in predictions.predicted()]
    return {
        "order": order,
        "debias": debias,
        "f1_macro": f"{scored['value']:.3f}",
        "low": f"{scored['low']:.3f}",
        "high": f"{scored['high']:.3f}",
        "questions": len(examples),
        "label_mass": f"{model.usage()['label_mass']:.3f}",
        "letters": counts(letters(model, examples, labels)),
        "labels": counts(labels),
    }


def by_letter(
    model: LanguageModel, proba: NDArray[np.float64], examples: Sequence[Any], validation: Sequence[Any]
) -> NDArray[np.float64]:
    """Divide by the mean probability of the letter that each label has in its row."""
    columns = orders(model, validation)
    prior = np.take_along_axis(model.predict_proba(validation), columns, axis=1).mean(axis=0)
    columns = orders(model, examples)
    divided = np.take_along_axis(proba, columns, axis=1) / prior
    back = np.empty_like(proba)
    np.put_along_axis(back, columns, divided / divided.sum(axis=1, keepdims=True), axis=1)
    return back


def orders(model: LanguageModel, examples: Sequence[Any]) -> NDArray[np.int64]:
    """Return for each row which label each letter stands for, ``(n, k)``."""
    names = list(model.labels.names)
    return np.array(
        [
            [names.index(name) for name in model.prompt.question(each, "", [], lettered=True).names]
            for each in examples
        ]
    )


def letters(model: LanguageModel, examples: Sequence[Any], labels: Sequence[str]) -> Iterator[str]:
    """Yield the letter under which each prompt had the predicted label."""
    for example, label in zip(examples, labels, strict=True):
        question = model.prompt.question(example, "", [], lettered=True)
        yield LETTERS[question.names.index(label)]


def counts(values: Iterator[str] | Sequence[str]) -> str:
    """Write how often each value occurs, the first in the alphabet first."""
    return " ".join(f"{name}:{count}" for name, count in sorted(Counter(values).items()))


def main() -> None:
    prepared = prepare(plan.read(CONFIG))
    with RESULTS.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for order in PROMPTS:
            for debias in ("none", "prior", "letters"):
                table.writerow(result := row(prepared, order, debias))
                file.flush()
                print(result, flush=True)


if __name__ == "__main__":
    main()
