"""A sentence in; what each classifier says of it, the words that moved it, near training sentences out.

Models are loaded when they are first asked, one at a time, and stay; so do the vectors of the training
sentences.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.articles.explanations import explain_labels
from harness.classifiers.checkpoints import MINILM
from harness.classifiers.embedding.vectors import FrozenEncoder
from harness.classifiers.protocol import Example
from harness.config.plan.objects import plan_of
from harness.evaluation.prepared import prepare
from harness.explorer.explanations import ExplainedLabel, MarkedSentence
from harness.serving.engine import UNSURE
from harness.tracking.finished_runs import FinishedRun, read_config
from harness.tracking.models import load
from harness.tracking.promotion.registry_table import registry_table
from harness.tracking.store import Store
from harness.values.errors import HarnessError, ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.explorer.finished_experiments import Explored
    from harness.serving.inference import LabelModel

NEAREST = 5
"""Training sentences that are shown."""

MAX_TRAINING = 20_000
"""Training sentences that are encoded, at most: it takes time, though once alone."""

CHAMPION = "champion"


class UnanswerableError(HarnessError):
    """What was asked cannot be answered here, with the reason."""


@dataclass
class Answering:
    """Answers what the page cannot: for one experiment or several of one task.

    Attributes
    ----------
    store : Store
    runs : sequence of FinishedRun
    task : str
    shows_text : bool
        False shows no sentence of the corpus, those of training included.
    """

    store: Store
    runs: Sequence[FinishedRun]
    task: str
    shows_text: bool
    _models: dict[str, LabelModel | str] = field(default_factory=dict, repr=False)
    _addresses: dict[str, str] | None = field(default=None, repr=False)
    _training: tuple[list[dict[str, str]], NDArray[np.float32]] | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def addresses(self) -> Mapping[str, str]:
        """Return name and address of each model: of every champion, then of every classifier."""
        if self._addresses is None:
            table = registry_table(self.store)
            champions = [
                str(row["model"])
                for row in table.to_dict("records")
                if CHAMPION in str(row["aliases"]).split(", ")
            ]
            self._addresses = {f"{CHAMPION} of {name}": f"models:/{name}@{CHAMPION}" for name in champions}
            self._addresses |= {run.name: f"runs:/{run.run_id}" for run in self.runs}
        return self._addresses

    def label(self, text: str, party: str) -> list[dict[str, Any]]:
        """Label a sentence with every model of the task.

        Returns
        -------
        list of dict
            ``name`` and either ``label``, ``proba`` (by label) and ``abstain``, or ``error``.
        """
        row = self._row(text, party)
        answers: list[dict[str, Any]] = []
        for name in self.addresses():
            try:
                model = self._model(name)
                if model.task == self.task:
                    answers.append({"name": name, **self._answer(model, row)})
            except HarnessError as error:
                answers.append({"name": name, "error": str(error)})
        return answers

    def words(self, name: str, text: str, party: str, span: tuple[int, int]) -> dict[str, Any]:
        """Say which words moved a classifier's label of a sentence; see :meth:`words_of_rows`.

        Parameters
        ----------
        name : str
            One of :meth:`addresses`.
        text, party : str
        span : (int, int)
            Of the party in the text; -1 where it is not named.

        Returns
        -------
        dict
            ``label`` and ``words``, a list of ``text``, ``weight`` and ``method``, the heaviest first; see
            :class:`harness.articles.explanations.WordWeight`.
        """
        (explained,) = self.words_of_rows(name, [MarkedSentence(text, party, *span)])
        words = [
            {"text": word.text, "weight": word.weight, "method": word.method} for word in explained.words
        ]
        return {"label": explained.label, "words": words}

    def words_of_rows(self, name: str, sentences: Sequence[MarkedSentence]) -> list[ExplainedLabel]:
        """Say which words moved a classifier's labels of sentences.

        Parameters
        ----------
        name : str
            One of :meth:`addresses`. It is the model that is served: of several seeds, that of one.
        sentences : sequence of MarkedSentence, length n

        Returns
        -------
        list of ExplainedLabel, length n

        Raises
        ------
        UnanswerableError
            Where the task is not stance, nothing is called so, or the model is not there.
        """
        if self.task != "stance":
            raise UnanswerableError("words are told for stance alone")
        model = self._model(name)
        explained: dict[int, ExplainedLabel] = {}
        # Without a span the party is searched by its names, as for every label.
        for is_named in (True, False):
            at = [index for index, row in enumerate(sentences) if row.is_named == is_named]
            if at:
                with self._lock:
                    explained |= zip(at, _explained(model, [sentences[index] for index in at]), strict=True)
        return [explained[index] for index in range(len(sentences))]

    def neighbours(self, text: str) -> list[dict[str, Any]]:
        """Return the training sentences that are nearest to a sentence, by the packaged encoder.

        Returns
        -------
        list of dict
            ``text``, ``target``, ``label`` and ``similarity``, the cosine.

        Raises
        ------
        UnanswerableError
            Where sentences may not be shown, or the corpus cannot be read again.
        """
        if not self.shows_text:
            raise UnanswerableError("training sentences are left out because of tracking.log_text: false")
        with self._lock:
            rows, vectors = self._training_vectors()
            query = _normalized(_encoder().vectors([Example(text)]))[0]
        similarity = vectors @ query
        # Not the sentence itself, where it is one of training.
        order = [index for index in np.argsort(-similarity, kind="stable") if rows[index]["text"] != text]
        return [rows[index] | {"similarity": float(similarity[index])} for index in order[:NEAREST]]

    def _training_vectors(self) -> tuple[list[dict[str, str]], NDArray[np.float32]]:
        if self._training is None:
            # Its corpus and split alone: what is not trained need not be found, either.
            config = read_config(self.store, self.runs[0]) | {"classifiers": {"none": {"kind": "majority"}}}
            prepared = prepare(plan_of(config))
            train = prepared.part(prepared.splits[0], "train")
            labels = train.rows["stance" if self.task == "stance" else "frames"]
            rows: dict[str, dict[str, str]] = {}
            for text, target, label in zip(train.rows["text"], train.rows["target"], labels, strict=True):
                shown = label if isinstance(label, str) else ", ".join(label or ())
                party = target if isinstance(target, str) else ""
                row = rows.setdefault(text, {"text": text, "target": party, "label": shown})
                if row["target"] != party:
                    row["target"], row["label"] = f"{row['target']}, {party}", f"{row['label']}, {shown}"
            listed = list(rows.values())[:MAX_TRAINING]
            vectors = _encoder().vectors([Example(row["text"]) for row in listed])
            self._training = listed, _normalized(vectors)
        return self._training

    def _model(self, name: str) -> LabelModel:
        if name not in self.addresses():
            raise UnanswerableError(f"no model is called {name!r}")
        with self._lock:
            if name not in self._models:
                try:
                    self._models[name] = load(self.addresses()[name])
                except ModelError as error:
                    # Asked once: a model that is not there will not come.
                    self._models[name] = str(error)
            model = self._models[name]
        if isinstance(model, str):
            raise UnanswerableError(model)
        return model

    def _row(self, text: str, party: str) -> dict[str, Any]:
        return {"text": text, "target": party} if self.task == "stance" else {"text": text}

    def _answer(self, model: LabelModel, row: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            answer = model.predict([row]).to_dict("records")[0]
        proba = {name: float(answer[f"p_{name}"]) for name in model.labels}
        unsure = {UNSURE: str(answer[UNSURE])} if UNSURE in answer else {}
        return {"label": str(answer["label"]), "proba": proba, "abstain": bool(answer["abstain"])} | unsure


def answering_of(store: Store, explored: Explored) -> Answering:
    """Return what answers for explored experiments."""
    return Answering(store, explored.runs, explored.described.task, explored.described.shows_text)


def _explained(model: LabelModel, sentences: Sequence[MarkedSentence]) -> Iterator[ExplainedLabel]:
    """Explain sentences of which all name their party, or none does."""
    import pandas as pd

    rows = pd.DataFrame([{"text": row.text, "target": row.party} for row in sentences])
    for name in ("start", "end"):
        rows[f"target_{name}"] = [getattr(row, name) if row.is_named else math.nan for row in sentences]
    labels = [label if isinstance(label, str) else "" for label in model.predict(rows)["label"]]
    for label, words in zip(labels, explain_labels(model, rows, labels), strict=True):
        yield ExplainedLabel(label, words)


def _encoder() -> FrozenEncoder:
    # As the leak gate compares sentences: without a party, the last three layers.
    return FrozenEncoder(MINILM, "none", 128, 3)


def _normalized(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
