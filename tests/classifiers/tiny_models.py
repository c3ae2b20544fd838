"""Architectures in, folders with tiny checkpoints out, whose weights are random."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

_TEXT = (
    "the minister of spoke and praised attacked said that is a good bad plan people vote party in on with "
    "varna coast union hill league they it was he she won lost again [ ] . , : ' \" TARGET"
)
WORDS = _TEXT.split()
SPECIAL = ("<pad>", "<cls>", "<sep>", "<unk>", "<mask>")


def tokenizer() -> Any:
    """A tokenizer over whole words, pairs and segments as BERT has them."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate((*SPECIAL, *WORDS))}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="<cls> $A <sep>",
        pair="<cls> $A <sep> $B:1 <sep>:1",
        special_tokens=[("<cls>", 1), ("<sep>", 2)],
    )
    names = ("pad_token", "cls_token", "sep_token", "unk_token", "mask_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=64, **dict(zip(names, SPECIAL, strict=True))
    )


def _configs() -> dict[str, Any]:
    import transformers as t

    shared = {
        "vocab_size": len(SPECIAL) + len(WORDS),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 66,
        "pad_token_id": 0,
    }
    return {
        "bert": partial(t.BertConfig, **shared),
        "roberta": partial(t.RobertaConfig, **shared, type_vocab_size=1),
        "xlm-roberta": partial(t.XLMRobertaConfig, **shared, type_vocab_size=1),
        "deberta-v2": partial(
            t.DebertaV2Config,
            **shared,
            relative_attention=True,
            pos_att_type=["p2c", "c2p"],
            position_buckets=8,
            share_att_key=True,
            norm_rel_ebd="layer_norm",
            type_vocab_size=0,
        ),
        "modernbert": partial(
            t.ModernBertConfig,
            **shared,
            bos_token_id=1,
            eos_token_id=2,
            cls_token_id=1,
            sep_token_id=2,
            global_attn_every_n_layers=2,
            local_attention=8,
        ),
        "distilbert": partial(
            t.DistilBertConfig,
            vocab_size=shared["vocab_size"],
            dim=16,
            n_layers=2,
            n_heads=2,
            hidden_dim=32,
            max_position_embeddings=66,
            pad_token_id=0,
        ),
    }


ARCHITECTURES = ("bert", "roberta", "xlm-roberta", "deberta-v2", "modernbert", "distilbert")


def write(folder: Path, architecture: str = "bert", reading: Any = None) -> str:
    """Write a random checkpoint, always the same one, with a tokenizer; return its name."""
    import torch
    from transformers import AutoModel

    reading = reading or tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModel.from_config(_configs()[architecture](vocab_size=len(reading)))
    model.save_pretrained(folder)
    reading.save_pretrained(folder)
    return str(folder)


NLI_OUTPUTS = ("contradiction", "neutral", "entailment")


def write_nli(
    folder: Path, architecture: str = "bert", outputs: tuple[str, ...] = NLI_OUTPUTS, reading: Any = None
) -> str:
    """Write a random model of natural language inference, always the same one; return its name."""
    import torch
    from transformers import AutoModelForSequenceClassification

    reading = reading or tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = _configs()[architecture](vocab_size=len(reading), initializer_range=0.5)
        config.id2label = dict(enumerate(outputs))
        config.label2id = {name: number for number, name in enumerate(outputs)}
        model = AutoModelForSequenceClassification.from_config(config)
    model.save_pretrained(folder)
    reading.save_pretrained(folder)
    return str(folder)
