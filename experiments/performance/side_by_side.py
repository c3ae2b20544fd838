"""The harness beside other tools: the same weights or the same task, honest settings, in one process.

    pip install sentence-transformers fastembed model2vec[distill] setfit
    python -m experiments.performance.side_by_side [--rows 2000]

Three questions. How fast does each make the vectors of a frozen encoder (the packaged MiniLM; tokenizing
counts)? How fast, and how good, is a logistic regression over vectors? And a linear classifier over words?
Tools that are not installed are named. transformers' own pipeline stands in the section of ``inference``.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from experiments.performance import encoder, section
from experiments.performance.untrained import BESIDE, by_turns, middle, some
from harness.classifiers import checkpoints
from harness.classifiers.embedding import vectors as cached
from harness.classifiers.embedding.classifier import embedding
from harness.classifiers.embedding.vectors import FrozenEncoder, VectorCache
from harness.classifiers.encoder.engines.export import OPSET
from harness.classifiers.encoder.engines.packing import evenly_spaced
from harness.classifiers.linear.classifier import linear
from harness.classifiers.protocol import Examples, Labelled
from harness.config import plan
from harness.evaluation.prepared import prepare
from harness.values.labels import STANCE

PEERS = ("sentence_transformers", "fastembed", "model2vec", "setfit")
TURNS, VECTOR_ROWS = 3, 64
MAX_TOKENS = 128
Vectors = Callable[[Examples], object]


def texts(examples: Examples) -> list[str]:
    """Return the sentences."""
    return [example.text for example in examples]


def forget() -> None:
    """Empty the store of vectors, which would answer from the second turn on."""
    cached._CACHE = VectorCache(cached.MAX_CACHE_BYTES)


def is_there(name: str) -> bool:
    """Whether a package is installed."""
    return importlib.util.find_spec(name) is not None


def last_states(body: Any) -> Any:
    """Return a module whose output is the last hidden state alone."""
    import torch

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(self, tokens: Any, attention: Any, segments: Any) -> Any:
            given = {"input_ids": tokens, "attention_mask": attention, "token_type_ids": segments}
            return self.body(**given).last_hidden_state

    return States().eval()


def graphs(folder: Path) -> Path:
    """Write the packaged encoder as ``model.onnx``, and its int8 form, beside its tokenizer."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    source = Path(checkpoints.resolve(checkpoints.MINILM))
    for path in source.glob("*.json"):
        shutil.copy(path, folder)
    body = checkpoints.load_body(checkpoints.MINILM).eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    example = tuple(torch.ones((2, 8), dtype=torch.int64) for _ in names)
    axes = {name: {0: "texts", 1: "length"} for name in (*names, "last_hidden_state")}
    with warnings.catch_warnings():
        # It warns of each shape that it reads, and of being the older exporter.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            last_states(body),
            example,
            str(folder / "model.onnx"),
            dynamo=False,
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes=axes,
            opset_version=OPSET,
        )
    quantize_dynamic(
        folder / "model.onnx", folder / "int8.onnx", per_channel=True, weight_type=QuantType.QInt8
    )
    return folder


def int8_in_onnx_runtime(folder: Path) -> Vectors:
    """Return a way to mean states by the int8 graph, by batches of 32 as sentence-transformers makes them."""
    import onnxruntime
    from tokenizers import Tokenizer

    session = onnxruntime.InferenceSession(str(folder / "int8.onnx"), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()

    def vectors(examples: Examples) -> list[NDArray[np.float32]]:
        ordered = sorted(texts(examples), key=len)
        means = []
        for start in range(0, len(ordered), 32):
            batch = tokenizer.encode_batch(ordered[start : start + 32])
            tokens = np.array([row.ids for row in batch], dtype=np.int64)
            attention = np.array([row.attention_mask for row in batch], dtype=np.int64)
            given = {
                "input_ids": tokens,
                "attention_mask": attention,
                "token_type_ids": np.zeros_like(tokens),
            }
            (states,) = session.run(None, given)
            weights = attention[..., None]
            means.append((states * weights).sum(1) / weights.sum(1))
        return means

    return vectors


def vector_ways(folder: Path) -> dict[str, Vectors]:
    """Return ways to make vectors, those of the harness first."""
    frozen = FrozenEncoder(checkpoints.MINILM, "none", MAX_TOKENS, 1)

    def ours(examples: Examples) -> object:
        forget()
        return frozen.vectors(examples)

    ways: dict[str, Vectors] = {
        "`embedding`, fp32": ours,
        "ONNX Runtime's dynamic int8, batches of 32": int8_in_onnx_runtime(folder),
    }
    if is_there("sentence_transformers"):
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(checkpoints.resolve(checkpoints.MINILM), device="cpu")
        model.max_seq_length = MAX_TOKENS
        ways["sentence-transformers"] = lambda examples: model.encode(texts(examples))
    if is_there("fastembed"):
        from fastembed import TextEmbedding

        fast = TextEmbedding("sentence-transformers/all-MiniLM-L6-v2", specific_model_path=str(folder))
        ways["fastembed, fp32"] = lambda examples: list(fast.embed(texts(examples)))
    return ways


@dataclass(frozen=True)
class Classified:
    """Seconds to fit, rows a second, and macro-F1 on test."""

    name: str
    seconds: float
    rate: float
    score: float

    def line(self) -> str:
        """Return a row of the table."""
        return f"| {self.name} | {self.seconds:.1f} | {self.rate:,.0f} | {self.score:.3f} |"


def classified(
    name: str,
    fit: Callable[[Labelled], Any],
    label: Callable[[Any, Examples], Any],
    parts: Sequence[Labelled],
) -> Classified:
    """Fit on one part, label another; labels are codes."""
    train, test = parts
    began = time.process_time()
    model = fit(train)
    fitted = time.process_time()
    codes = np.asarray(label(model, test.examples))
    ended = time.process_time()
    score = f1_score(test.codes, codes, average="macro")
    return Classified(name, fitted - began, len(test) / (ended - fitted), float(score))


def of_the_harness(
    make: Callable[[], Any],
) -> tuple[Callable[[Labelled], Any], Callable[[Any, Examples], Any]]:
    """Return how a classifier of the harness is fitted, and how it labels."""

    def fit(train: Labelled) -> Any:
        forget()
        classifier = make()
        classifier.fit(train)
        return classifier

    return fit, lambda classifier, examples: classifier.predict_proba(examples).argmax(axis=1)


def of_sklearn(make: Callable[[], Any]) -> tuple[Callable[[Labelled], Any], Callable[[Any, Examples], Any]]:
    """The same of what has scikit-learn's methods and reads texts."""
    return (
        lambda train: make().fit(texts(train.examples), train.codes),
        lambda model, examples: model.predict(texts(examples)),
    )


def words() -> Any:
    """Return scikit-learn's own TF-IDF of one and two words, with a logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    head = LogisticRegression(class_weight="balanced", max_iter=1000)
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), head)


def over_vectors(model: Any) -> Any:
    """Return a logistic regression over what a model encodes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return make_pipeline(
        FunctionTransformer(model.encode), LogisticRegression(class_weight="balanced", max_iter=1000)
    )


def static_vectors() -> Any:
    """Return Model2Vec's table of the packaged encoder, with its own defaults."""
    from model2vec.distill import distill_from_model

    folder = checkpoints.resolve(checkpoints.MINILM)
    return distill_from_model(checkpoints.load_body(folder), checkpoints.load_tokenizer(folder), device="cpu")


def setfit_head() -> Any:
    """Return SetFit without its contrastive training: the encoder as it is, and its head."""
    from setfit import SetFitModel

    return SetFitModel.from_pretrained(checkpoints.resolve(checkpoints.MINILM))


def fitted_setfit(train: Labelled) -> Any:
    """Fit SetFit's head."""
    model = setfit_head()
    model.fit(texts(train.examples), train.codes.tolist(), num_epochs=1, show_progress_bar=False)
    return model


def classifiers(parts: Sequence[Labelled], few: Sequence[Labelled]) -> list[Classified]:
    """Fit and score each: linear ones and static vectors on all rows, those that run an encoder on few."""
    made = [
        classified("`linear`", *of_the_harness(lambda: linear(labels=STANCE)), parts),
        classified("`linear`, words only", *of_the_harness(lambda: linear(labels=STANCE, chars=None)), parts),
        classified("scikit-learn's TF-IDF of one and two words", *of_sklearn(words), parts),
    ]
    if is_there("model2vec"):
        table = static_vectors()
        made.append(classified("Model2Vec of MiniLM", *of_sklearn(lambda: over_vectors(table)), parts))
    rows = f", {len(few[0]):,} rows"
    made.append(classified(f"`embedding`{rows}", *of_the_harness(lambda: embedding(labels=STANCE)), few))
    blind = of_the_harness(lambda: embedding(target="none", layers=1, labels=STANCE))
    made.append(classified(f"`embedding`, sentence alone, last layer{rows}", *blind, few))
    if is_there("setfit"):

        def label(model: Any, examples: Examples) -> Any:
            return model.predict(texts(examples), as_numpy=True)

        made.append(classified(f"SetFit's head{rows}", fitted_setfit, label, few))
    return made


def labelled_parts(rows: int) -> tuple[list[Labelled], list[Labelled]]:
    """Return train and test of the bench's corpus, whole and at most so many rows of each."""
    prepared = prepare(plan.read(encoder.written() / "bench.yaml", ()))
    (split,) = prepared.splits
    parts = [prepared.labelled(split, name) for name in ("train", "test")]
    return parts, [_few(part, rows) for part in parts]


def _few(part: Labelled, rows: int) -> Labelled:
    chosen = evenly_spaced(part.examples, rows)
    return Labelled(tuple(part.examples[row] for row in chosen), part.codes[chosen])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=int, default=2000, help="to train on, where an encoder runs; as many to test on"
    )
    options = parser.parse_args()
    parts, few = labelled_parts(options.rows)
    with tempfile.TemporaryDirectory() as folder:
        ways = vector_ways(graphs(Path(folder)))
        rates = by_turns(ways, some(parts[1], VECTOR_ROWS), TURNS)
    first = next(iter(ways))
    vectors = [
        "| {} | {:.2f} | {:.2f} | {:,.0f} |".format(
            name, *middle(rates[name], rates[first]), statistics.median(rate for rate, _ in rates[name])
        )
        for name in ways
    ]
    scored = classifiers(parts, few)
    absent = [name for name in PEERS if not is_there(name)]
    note = f" Not installed here: {', '.join(absent)}." if absent else ""
    text = f"""\
Vectors of {VECTOR_ROWS} test sentences of {encoder.corpus_name()} by the packaged MiniLM, {TURNS} turns;
tokenizing is timed. {BESIDE}{note}

| vectors | × the rate of `embedding` | by processor time | rows a second |
|---|---:|---:|---:|
{chr(10).join(vectors)}

Classifiers, seconds of processor time; other tools read the sentence without the party.

| | train, s | rows a second | macro-F1 on test |
|---|---:|---:|---:|
{chr(10).join(each.line() for each in scored)}"""
    section.write("Side by side", "python -m experiments.performance.side_by_side", text)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
