"""The shipped configs that ask a language model, each asked against the stub."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.classifiers.llm import LanguageModel
from harness.config import plan
from harness.values import trusted_hosts
from harness.values.labels import STANCE
from tests.classifiers.llm.asked_models import ROWS, TRAIN, TRUTH
from tests.classifiers.llm.stub_server import Stub

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("llm-*.yaml"))


def test_there_is_one_for_each_server_of_the_guide() -> None:
    servers = {path.stem.removeprefix("llm-") for path in CONFIGS}
    assert servers >= {"openai", "vllm", "ollama", "local"}


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_its_options_are_understood_by_a_server(
    path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_URL", stub.url)
    monkeypatch.setenv("LLM_MODEL", "words")
    trusted_hosts.bind_key("LLM_KEY", stub.url)
    read = plan.read(path)
    models = [planned.bound.make(labels=STANCE, seed=1) for planned in read.classifiers]
    asking = [model for model in models if isinstance(model, LanguageModel)]
    assert asking
    for model in asking:
        model.fit(TRAIN, TRAIN)
        assert model.predict(ROWS).tolist() == TRUTH.tolist()
    assert {request.body["model"] for request in stub.requests} == {"words"}
