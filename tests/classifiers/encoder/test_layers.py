"""An encoder with some of a pretrained model's layers: which are kept, what is saved, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import BertConfig, BertModel, ModernBertConfig, ModernBertModel

from harness.classifiers.encoder import load
from harness.classifiers.encoder.assembly import keep_layers
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.encoder.options import Options, from_record
from harness.classifiers.protocol import Example, Labelled
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
SIZES = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 20}


def bert(depth: int) -> BertModel:
    return BertModel(BertConfig(num_hidden_layers=depth, **SIZES))


@pytest.mark.parametrize(
    ("depth", "layers", "kept"),
    [(6, 6, [0, 1, 2, 3, 4, 5]), (6, 3, [1, 3, 5]), (6, 2, [2, 5]), (6, 1, [5]), (6, 4, [0, 2, 3, 5])],
)
def test_layers_are_evenly_spaced_and_the_last_is_among_them(
    depth: int, layers: int, kept: list[int]
) -> None:
    body = bert(depth)
    whole = list(body.encoder.layer)
    keep_layers(body, layers, "bert")
    assert [whole.index(layer) for layer in body.encoder.layer] == kept
    assert body.config.num_hidden_layers == layers


def test_a_smaller_encoder_is_saved_and_loaded(tmp_path: Path) -> None:
    options = Options(checkpoint=tiny_models.write(tmp_path / "bert"), max_tokens=32, layers=1, epochs=1)
    texts = [f"the {who} {verb} varna ." for who in ("league", "union") for verb in ("attacked", "praised")]
    rows = Labelled([Example(text, "varna") for text in texts], np.array([0, 1, 0, 1]))
    encoder = Encoder(options, PAIR, 1)
    encoder.fit(rows)
    folder = tmp_path / "model"
    folder.mkdir()
    encoder.save(folder)
    again = load(folder, PAIR)
    assert len(again.network_.body.encoder.layer) == 1
    assert again.predict_proba(rows.examples).tobytes() == encoder.predict_proba(rows.examples).tobytes()


def test_what_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ClassifierError, match="bert has 2 layers, and layers is 3"):
        keep_layers(bert(2), 3, "bert")
    mixed = ModernBertModel(ModernBertConfig(num_hidden_layers=4, pad_token_id=0, **SIZES))
    with pytest.raises(ClassifierError, match="layers of a modernbert cannot be dropped"):
        keep_layers(mixed, 2, "mixed")
    with pytest.raises(ConfigError, match="layers"):
        Options(layers=0).check()


def test_records_without_the_option_mean_all_layers() -> None:
    record = Options().to_record()
    assert "layers" not in record
    assert from_record(record) == Options()
    assert from_record(Options(layers=2).to_record()) == Options(layers=2)
