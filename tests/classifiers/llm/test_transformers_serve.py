"""``transformers serve``: it has /v1/systemone, and drops the logprobs it is asked for without a word."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers.llm.transports import NoLogprobsError
from harness.classifiers.protocol import Example
from harness.values import child_servers
from harness.values.labels import STANCE
from tests.classifiers.llm.asked_models import FRAMES, fitted

NEEDED = ("fastapi", "uvicorn", "openai")
CHARACTERS = [chr(code) for code in range(32, 127)]
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
ROW = Example("The League attacked Varna.", "Varna", ((20, 25),))


def write_model(folder: Path) -> None:
    """Write a language model of one layer and one token a character, whose weights are random."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed

    words = [*SPECIAL, "\n", *CHARACTERS]
    backend = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    names = ("pad_token", "bos_token", "eos_token", "unk_token")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, chat_template=TEMPLATE, **dict(zip(names, SPECIAL, strict=True))
    )
    # Yes-or-no questions are answered by these, which have to be one token each.
    tokenizer.add_tokens(["Yes", "No"])
    tokenizer.save_pretrained(folder)
    set_seed(1)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    tokens = {"vocab_size": len(tokenizer), "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    LlamaForCausalLM(LlamaConfig(**sizes, **tokens, max_position_embeddings=8192)).save_pretrained(folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Its address, and the name of its model."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"transformers serve needs {', '.join(missing)}: pip install 'transformers[serving]'")
    folder = tmp_path_factory.mktemp("tiny")
    write_model(folder / "model")
    variables = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with child_servers.reserved_port(range(8200, 8300)) as port:
        address = ["--host", child_servers.HOST, "--port", str(port)]
        options = [str(folder / "model"), "--device", "cpu", *address]
        command = [sys.executable, "-m", "transformers.cli.transformers", "serve", *options]
        process = child_servers.start(command, folder / "log", variables)
        try:
            base = f"http://{child_servers.HOST}:{port}"
            child_servers.wait_until_healthy(process, f"{base}/health", 180)
            yield f"{base}/v1", str(folder / "model")
        finally:
            child_servers.end(process)


def options(server: tuple[str, str], **more: Any) -> dict[str, Any]:
    url, model = server
    return {"url": url, "model": model, "concurrency": 1, "timeout": 120.0, **more}


@pytest.mark.parametrize("labels", [STANCE, FRAMES], ids=["stance", "frames"])
def test_systemone_gives_probabilities(server: tuple[str, str], labels: Any) -> None:
    model = fitted(**options(server, api="systemone", labels=labels))
    proba = model.predict_proba([ROW])
    assert proba.shape == (1, len(labels))
    assert np.isfinite(proba).all()
    assert model.provenance()["model"] == server[1]


def test_logprobs_are_dropped_without_a_word(server: tuple[str, str]) -> None:
    model = fitted(**options(server, api="logprobs"))
    with pytest.raises(NoLogprobsError, match="systemone"):
        model.predict_proba([ROW])


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
def test_auto_takes_systemone(server: tuple[str, str]) -> None:
    assert fitted(**options(server, api="auto")).api_ == "systemone"
