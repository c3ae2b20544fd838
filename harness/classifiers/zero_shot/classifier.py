"""Examples in, the probabilities of a pretrained model of natural language inference out.

==================  ======================================================
model.safetensors   the weights
config.json         the architecture
tokenizer files     as the ``tokenizers`` package writes them
zero_shot.json      the hypotheses, and which outputs count
==================  ======================================================
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.classifiers import checkpoints
from harness.classifiers.encoder.assembly import check_max_tokens
from harness.classifiers.encoder.batching import MARKS, TokenizedRows, Tokenizer
from harness.classifiers.encoder.network_classifier import NetworkClassifier
from harness.classifiers.inputs import view
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.classifiers.saved_files import expect_labels, reading
from harness.classifiers.zero_shot.hypotheses import Hypotheses
from harness.classifiers.zero_shot.outputs import Outputs, outputs_of
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from harness.classifiers.zero_shot.network import EntailmentNetwork

_FILE = "zero_shot.json"
# Saved models hold this address, so that it must not change.
LOADER = "harness.classifiers.zero_shot:load"


class HypothesisTokenizer:
    """A checkpoint's tokenizer, applied to each sentence with the hypothesis of each label.

    Parameters
    ----------
    backend : transformers fast tokenizer
    hypotheses : Hypotheses
    max_tokens : int
        Of a row.
    """

    def __init__(self, backend: Any, hypotheses: Hypotheses, max_tokens: int) -> None:
        self.backend, self.hypotheses, self.max_tokens = backend, hypotheses, max_tokens
        # The target is shown below: to the tokenizer a hypothesis is a second text like any other.
        self._tokenizer = Tokenizer(backend, "pair", max_tokens)

    def __call__(self, examples: Examples) -> TokenizedRows:
        """Tokenize examples; the rows of an example, one a label, are next to each other."""
        return self._tokenizer([row for example in examples for row in self._rows(example)])

    def check(self) -> None:
        """Refuse hypotheses that leave the sentence less than half of a row.

        Raises
        ------
        ClassifierError
            Naming both numbers.
        """
        longest = max(map(self._length, self.hypotheses.of("")))
        if longest > self.max_tokens // 2:
            raise ClassifierError(
                f"a hypothesis has {longest} tokens, more than half of max_tokens, {self.max_tokens}"
            )

    def _rows(self, example: Example) -> list[Example]:
        shown = view(example, self.hypotheses.target, MARKS)
        names = self._shortened(self.hypotheses.name_of(example), self.hypotheses.holder_of(example))
        return [Example(shown.text, text, shown.spans) for text in self.hypotheses.of(*names)]

    def _shortened(self, *names: str) -> list[str]:
        """Cut names that are a page long: the hypothesis around them must stay whole."""
        limit, cut = self.max_tokens // 2, list(names)
        # A token is a character or more, but for the few that a tokenizer cuts into bytes.
        if sum(map(len, cut)) <= limit // 4:
            return cut
        longest = max(map(self._length, self.hypotheses.of(*cut)))
        while any(cut) and longest > limit:
            # Each round cuts a character a token too many: tokens are a character or longer as a rule.
            index = cut.index(max(cut, key=len))
            cut[index] = cut[index][: max(len(cut[index]) - (longest - limit), 0)]
            longest = max(map(self._length, self.hypotheses.of(*cut)))
        return cut

    def _length(self, text: str) -> int:
        valid = text.encode("utf-8", "replace").decode("utf-8")
        return len(self.backend.backend_tokenizer.encode(valid, add_special_tokens=False).ids)


class ZeroShot(NetworkClassifier):
    """A pretrained model of natural language inference; see :func:`harness.classifiers.zero_shot.zero_shot`.

    Parameters
    ----------
    checkpoint : str
    hypotheses : Hypotheses
    max_tokens : int
    labels : LabelSet

    Attributes
    ----------
    outputs_ : Outputs
        Which of the network's outputs count.
    """

    deterministic = True
    multithreaded = True

    def __init__(self, checkpoint: str, hypotheses: Hypotheses, max_tokens: int, labels: LabelSet) -> None:
        super().__init__(labels)
        self.checkpoint, self.hypotheses, self.max_tokens = checkpoint, hypotheses, max_tokens
        self.rows_per_example = len(labels)

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:  # noqa: ARG002 (nothing is learned)
        """Load the checkpoint.

        Raises
        ------
        ConfigError
            Where its name is malformed or leads nowhere.
        ClassifierError
            Where its files are damaged, none of its outputs is called entailment, or the hypotheses do not
            fit into a row.
        """
        from harness.classifiers.encoder.prediction import device
        from harness.classifiers.zero_shot.network import EntailmentNetwork

        backend = checkpoints.load_tokenizer(self.checkpoint)
        body = checkpoints.load_sequence_classifier(self.checkpoint)
        check_max_tokens(self.checkpoint, self.max_tokens, body.config)
        try:
            self.outputs_ = outputs_of(body.config.id2label, multi=self.labels.multi)
        except ClassifierError as error:
            raise ClassifierError(f"{self.checkpoint}: {error}") from error
        tokenizer = HypothesisTokenizer(backend, self.hypotheses, self.max_tokens)
        tokenizer.check()
        # The plain implementation is the fastest for sentences, see harness.classifiers.encoder.assembly.
        body.set_attn_implementation("eager")
        body.requires_grad_(False)
        self.set_network(tokenizer, EntailmentNetwork(body, self.outputs_).to(device()).eval())

    def save(self, folder: Path) -> str:
        """Write weights (safetensors), tokenizer and hypotheses (JSON); return the loader's address."""
        from safetensors.torch import save_model

        self._check_fitted()
        save_model(self.network_, str(folder / checkpoints.WEIGHTS))
        self.network_.body.config.save_pretrained(folder)
        self.tokenizer_.backend.save_pretrained(folder)
        record = {
            "hypotheses": asdict(self.hypotheses),
            "max_tokens": self.max_tokens,
            "outputs": asdict(self.outputs_),
        }
        (folder / _FILE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        return LOADER


def read(folder: Path, labels: LabelSet) -> ZeroShot:
    """Read what :meth:`ZeroShot.save` wrote.

    Raises
    ------
    ClassifierError
        Where a file is missing, truncated or not finite, or has another number of labels.
    """
    from harness.classifiers.encoder import storage
    from harness.classifiers.encoder.engines import record as engines
    from harness.classifiers.encoder.engines.service import Service

    path = folder / _FILE
    with reading(path):
        record = json.loads(path.read_text(encoding="utf-8"))
        saved = record["hypotheses"]
        hypotheses = Hypotheses(saved["template"], tuple(map(str, saved["wording"])), saved["target"])
        outputs = Outputs(int(record["outputs"]["entailment"]), record["outputs"]["against"])
        max_tokens = int(record["max_tokens"])
        if list(hypotheses.problems(labels)):
            raise ValueError("it holds a hypothesis that cannot be used")
    expect_labels(path, len(hypotheses.wording), len(labels))
    storage.check_complete(folder / checkpoints.WEIGHTS)
    service = Service(folder, engines.read(folder), labels, partial(_read_network, folder, outputs))
    classifier = ZeroShot(str(folder), hypotheses, max_tokens, labels)
    classifier.outputs_ = outputs
    backend = storage.read_tokenizer(folder, service)
    classifier.set_service(HypothesisTokenizer(backend, hypotheses, max_tokens), service)
    return classifier


def _read_network(folder: Path, outputs: Outputs) -> EntailmentNetwork:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    from harness.classifiers.encoder.prediction import device
    from harness.classifiers.encoder.storage import load_weights
    from harness.classifiers.zero_shot.network import EntailmentNetwork

    with reading(folder / "config.json"):
        config = AutoConfig.from_pretrained(str(folder.resolve()))
    body = AutoModelForSequenceClassification.from_config(config)  # type: ignore[no-untyped-call]
    body.set_attn_implementation("eager")
    network = EntailmentNetwork(body, outputs)
    load_weights(network, folder / checkpoints.WEIGHTS)
    return network.to(device()).eval()
