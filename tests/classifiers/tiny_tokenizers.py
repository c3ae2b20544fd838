"""Architectures in, small tokenizers of their kind out: WordPiece, byte-level BPE or Unigram."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from tests.classifiers.tiny_models import SPECIAL, WORDS

SENTENCES = [" ".join(WORDS[at : at + 8]) for at in range(len(WORDS) - 8)]
KINDS = {
    "bert": "wordpiece",
    "roberta": "bytes",
    "modernbert": "bytes and spaces",
    "deberta-v2": "unigram",
    "xlm-roberta": "unigram",
}


@cache
def tokenizer(architecture: str) -> Any:
    """Train the kind of tokenizer that an architecture has on a few sentences."""
    from transformers import PreTrainedTokenizerFast

    backend = {
        "wordpiece": _wordpiece,
        "bytes": partial(_bytes, trimmed=True),
        "bytes and spaces": partial(_bytes, trimmed=False),
        "unigram": _unigram,
    }[KINDS[architecture]]()
    names = ("pad_token", "cls_token", "sep_token", "unk_token", "mask_token")
    return PreTrainedTokenizerFast(tokenizer_object=backend, **dict(zip(names, SPECIAL, strict=True)))


def _wordpiece() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    backend = Tokenizer(models.WordPiece(unk_token="<unk>"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.train_from_iterator(
        SENTENCES,
        trainers.WordPieceTrainer(vocab_size=120, special_tokens=list(SPECIAL), show_progress=False),
    )
    backend.post_processor = _between(":1")
    return backend


def _bytes(*, trimmed: bool) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(SENTENCES, trainer)
    # RoBERTa leaves the space before a word out of the word's offsets, ModernBERT does not.
    backend.post_processor = (
        processors.RobertaProcessing(("<sep>", 2), ("<cls>", 1), True, False) if trimmed else _between("")
    )
    return backend


def _unigram() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.train_from_iterator(
        SENTENCES,
        trainers.UnigramTrainer(
            vocab_size=100, special_tokens=list(SPECIAL), unk_token="<unk>", show_progress=False
        ),
    )
    backend.post_processor = _between("")
    return backend


def _between(second: str) -> Any:
    """Set one text, or two of which the second may have a segment of its own, between special tokens."""
    from tokenizers import processors

    return processors.TemplateProcessing(
        single="<cls> $A <sep>",
        pair=f"<cls> $A <sep> $B{second} <sep>{second}",
        special_tokens=[("<cls>", 1), ("<sep>", 2)],
    )
