"""A toy corpus and toy classifiers, fast enough to be trained in every test."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.classifiers.protocol import Classifier, Examples, Labelled
from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARTIES = ("Coastal Union", "Harbour Party", "Varna")
VERBS = {"critical": "blasted", "neutral": "met", "supportive": "praised"}
FRAMES = {"critical": "conflict", "neutral": "", "supportive": "morality|conflict"}
PLACES = (
    "at the quay",
    "on Monday",
    "in the old hall",
    "before the vote",
    "over the toll",
    "by <b>letter</b>",
)


class Verbs:
    """Learns the verbs of its training rows; texts without one get the first label."""

    deterministic = False

    def __init__(self, strength: float, fails: str, labels: LabelSet, seed: int) -> None:
        self.strength, self.fails, self.labels, self.seed = strength, fails, labels, seed
        self.known_: dict[str, list[float]] = {}
        self.curves_: list[dict[str, float]] = []

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        if self.fails == "interrupt":
            raise KeyboardInterrupt
        if self.fails:
            raise RuntimeError(self.fails)
        import numpy as np

        votes: dict[str, NDArray[np.float64]] = {}
        truth = train.codes if self.labels.multi else np.eye(len(self.labels))[train.codes]
        for example, row in zip(train.examples, truth, strict=True):
            for word in example.text.split():
                votes[word] = votes.get(word, np.zeros(len(self.labels))) + row
        self.known_ = {word: vote.tolist() for word, vote in votes.items() if word in VERBS.values()}
        self.curves_ = [{"loss": 1.0 / step, "validation/f1_macro": 0.2 * step} for step in (1, 2, 3)]

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        import numpy as np

        noise = np.random.default_rng(self.seed)
        votes = [
            next((self.known_[w] for w in example.text.split() if w in self.known_), [0.0] * len(self.labels))
            for example in examples
        ]
        table = np.array(votes).reshape(len(examples), len(self.labels)) * self.strength
        if self.labels.multi:
            return np.clip(table / (table.max(initial=1.0) or 1.0), 0.05, 0.95)
        weights = np.exp(table / 10 + noise.uniform(0, 0.02, table.shape))
        return weights / weights.sum(axis=1, keepdims=True)

    def save(self, folder: Path) -> str:
        state = {"strength": self.strength, "seed": self.seed, "known": self.known_}
        (folder / "verbs.json").write_text(json.dumps(state), encoding="utf-8")
        return "toys:load"


def verbs(*, strength: float = 1.0, fails: str = "", labels: LabelSet, seed: int) -> Verbs:
    return Verbs(strength, fails, labels, seed)


def load(folder: Path, labels: LabelSet) -> Classifier:
    state: dict[str, Any] = json.loads((folder / "verbs.json").read_text(encoding="utf-8"))
    classifier = Verbs(state["strength"], "", labels, state["seed"])
    classifier.known_ = state["known"]
    return classifier


class Unsaved(Verbs):
    """Cannot be served."""

    deterministic = True
    save = None  # type: ignore[assignment]


def unsaved(*, labels: LabelSet, seed: int) -> Unsaved:
    return Unsaved(1.0, "", labels, seed)


class Refusing(Verbs):
    """Cannot be fitted."""

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        raise ClassifierError("there is nothing to learn")


def refusing(*, labels: LabelSet, seed: int) -> Refusing:
    return Refusing(1.0, "", labels, seed)


class Lasting(Verbs):
    """Counts its attempts at a training in the folder it is given; the first two come to nothing."""

    checkpoint_dir: Path | None = None

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        assert self.checkpoint_dir is not None
        self.checkpoint_dir.mkdir(parents=True, exist_ok=True)
        (self.checkpoint_dir / f"attempt {len(list(self.checkpoint_dir.iterdir()))}").touch()
        self.attempts = len(list(self.checkpoint_dir.iterdir()))
        if self.attempts < 3:
            raise KeyboardInterrupt
        super().fit(train, validation)
        self.curves_ = [{"attempts": float(self.attempts)}]


def lasting(*, strength: float = 1.0, labels: LabelSet, seed: int) -> Lasting:
    return Lasting(strength, "", labels, seed)


def write_corpus(folder: Path) -> Path:
    """Write 54 sentences that name two parties; the second is the target, every sixth label is wrong."""
    path = folder / "sentences.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow(["id", "text", "target", "stance", "frames", "group", "split"])
        for n in range(54):
            stance = list(VERBS)[n % 3]
            first, second = PARTIES[n % 3], PARTIES[(n + 1) % 3]
            text = f"{first} {VERBS[stance]} {second} {PLACES[n % 6]}, for the {n}th time."
            label = "neutral" if n % 6 == 5 else stance
            split = ("train", "train", "dev", "test", "test", "test")[n // 9]
            table.writerow([f"s{n}", text, second, label, FRAMES[label], f"g{n // 3}", split])
    return path


CONFIG = """\
name: {name}
description: Do verbs <i>say</i> enough?
task: {task}
corpus: {{kind: files, path: sentences.csv, name: toys}}
split: {{kind: predefined, calibration: 0}}
seeds: {seeds}
primary: f1_macro
tracking: {{log_text: {log_text}, tags: {{team: tests}}}}
# Its sentences differ in a number alone: test repeats train nearly word for word.
promotion: {{audits: {{leaks: warn}}}}
classifiers:
{classifiers}
"""


def prepared(
    folder: Path,
    classifiers: str = "  verbs: {kind: 'toys:verbs'}",
    *,
    name: str = "toys",
    task: str = "stance",
    seeds: str = "[1, 2]",
    log_text: str = "true",
    split: str = "",
) -> Prepared:
    """Write corpus and config into a folder and prepare the experiment."""
    write_corpus(folder)
    text = CONFIG.format(name=name, task=task, seeds=seeds, log_text=log_text, classifiers=classifiers)
    if split:
        text = text.replace("split: {kind: predefined, calibration: 0}", f"split: {split}")
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return prepare(plan.read(path))
