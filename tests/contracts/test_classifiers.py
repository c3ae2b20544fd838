"""Every classifier of the catalogue × every law; test_classifier_laws.py tests the laws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.classifiers.embedding import vectors
from harness.classifiers.protocol import Classifier, Example, Labelled
from harness.values.catalog import CATALOGUES, bind
from harness.values.labels import STANCE, LabelSet
from tests.classifiers import tiny_models
from tests.classifiers.llm.stub_server import serving
from tests.classifiers.llm.word_model import WordModel
from tests.contracts import classifier_laws as laws
from tests.contracts.classifier_laws import LAWS, LawTrial

pytestmark = pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
"""A language model says how it is asked."""

FRAMES = LabelSet(("conflict", "morality", "responsibility"), multi=True)
FRAME = LabelSet(("conflict", "none", "morality"))
"""One frame per row."""
TINY = "./tiny"
"""Stands for the tiny random checkpoint."""
TINY_NLI = "./tiny-nli"
"""Stands for a tiny random model of natural language inference."""
SERVER = "http://stub/v1"
"""Stands for the address of the stub of a language model."""
OWN = "tests.classifiers.own_classifier:shouting"


@dataclass(frozen=True)
class Case:
    """A classifier as a config names it, and what it can do."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    tasks: tuple[LabelSet, ...] = (STANCE, FRAMES, FRAME)
    saves: bool = True

    @property
    def name(self) -> str:
        shown = " ".join(
            f"{key}={value}" for key, value in self.options.items() if value not in (TINY, TINY_NLI, SERVER)
        )
        return f"{self.kind} {shown}".strip()


ENCODER = {"checkpoint": TINY, "epochs": 1, "max_tokens": 32}
EMBEDDING = {"checkpoint": TINY, "max_tokens": 32}
LLM = {"url": SERVER, "model": "words"}
ZERO_SHOT = {"checkpoint": TINY_NLI, "max_tokens": 48}
CASES = (
    Case("majority"),
    Case("prior"),
    Case("every_label", {}, (FRAMES,)),
    Case("lexicon", {}, (STANCE,)),
    Case("lexicon", {"target": "none"}, (STANCE,)),
    Case("linear"),
    Case("linear", {"target": "none"}),
    Case("linear", {"target": "marked", "chars": None, "words": 3}),
    Case("linear", {"target": "pair", "min_count": 1}),
    Case("linear", {"target": "marked_pair", "balanced": False}),
    Case("linear", {"model": "svm", "C": 0.3}),
    Case("embedding", EMBEDDING),
    *(Case("embedding", {**EMBEDDING, "target": t}) for t in ("none", "marked", "masked", "marked_pair")),
    Case("encoder", ENCODER),
    Case("encoder", {**ENCODER, "target": "none"}),
    Case("joint_encoder", {"encoder": ENCODER}, (STANCE, FRAMES)),
    Case("distilled", {"teacher": ENCODER, "student": ENCODER}),
    Case("distilled", {"teacher": {"kind": "llm", "api": "json", **LLM}, "student": ENCODER}),
    Case("distilled", {"teacher": {"kind": "zero_shot", **ZERO_SHOT}, "student": ENCODER}),
    Case("llm", {**LLM, "api": "decisions"}),
    Case("llm", {**LLM, "api": "auto", "target": "none", "shots": 2}),
    Case("llm", {**LLM, "api": "logprobs", "target": "masked", "debias": "prior"}),
    Case("zero_shot", ZERO_SHOT),
    *(Case("zero_shot", {**ZERO_SHOT, "target": t}) for t in ("none", "marked", "masked")),
    Case(OWN, {}, (STANCE,), saves=False),
)
BOTH = [(case, labels) for case in CASES for labels in case.tasks]
TASK = {STANCE: "", FRAMES: " framing", FRAME: " first frame"}
IDS = [f"{case.name}{TASK[labels]}" for case, labels in BOTH]

VERBS = {
    "critical": ("attacked", "lost on"),
    "neutral": ("met", "spoke of"),
    "supportive": ("praised", "won with"),
}
WORD = {"critical": "bad", "neutral": "", "supportive": "good"}
FRAME_OF = {"critical": ("conflict",), "neutral": (), "supportive": ("morality", "responsibility")}


def sentences(ends: tuple[str, ...]) -> list[tuple[Example, str]]:
    """Write sentences about two parties; the verb expresses the stance toward the second."""
    rows = []
    for number, (stance, verbs) in enumerate(VERBS.items()):
        for verb in verbs:
            for end in ends:
                first, target = ("the Union", "Varna") if number % 2 else ("the League", "Coast")
                text = f"{first} {verb} {target} {end} {WORD[stance]}."
                at = text.index(target)
                rows.append((Example(text, target, ((at, at + len(target)),)), stance))
    return rows


OTHER = {STANCE: FRAMES, FRAMES: STANCE, FRAME: STANCE}


def labelled(ends: tuple[str, ...], labels: LabelSet) -> Labelled:
    return replace(of_task(ends, labels), other_task=of_task(ends, OTHER[labels]))


def of_task(ends: tuple[str, ...], labels: LabelSet) -> Labelled:
    rows = sentences(ends)
    if labels == STANCE:
        return Labelled([example for example, _ in rows], labels.encode(stance for _, stance in rows))
    names = [FRAME_OF[stance] if labels.multi else (*FRAME_OF[stance], "none")[0] for _, stance in rows]
    # Frames belong to the sentence: there is no target.
    return Labelled([Example(example.text) for example, _ in rows], labels.encode(names))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A checkpoint and a server, by what stands for them in options."""
    with serving(WordModel(varies=True)) as stub:
        yield {
            TINY: tiny_models.write(tmp_path_factory.mktemp("tiny")),
            TINY_NLI: tiny_models.write_nli(tmp_path_factory.mktemp("tiny-nli")),
            SERVER: stub.url,
        }


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Vectors that a law computes twice are computed twice; answers are kept for one law."""
    monkeypatch.setattr(vectors, "_CACHE", vectors.VectorCache(limit=0))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))


Of = Callable[[Callable[[int], Classifier], LabelSet], LawTrial]


@pytest.fixture
def trial_of(tmp_path: Path) -> Of:
    def trial(make: Callable[[int], Classifier], labels: LabelSet) -> LawTrial:
        train = labelled(("in the hill", "again", "on a plan with people", "!"), labels)
        test = labelled(("in a vote", "they said that it is"), labels)
        return LawTrial(make, train, test, labels, tmp_path)

    return trial


def filled_in(options: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """Put the checkpoint and the address in the place of what stands for them."""
    return {
        key: filled_in(value, values)
        if isinstance(value, dict)
        else values.get(value, value)
        if isinstance(value, str)
        else value
        for key, value in options.items()
    }


def maker(case: Case, labels: LabelSet, world: dict[str, str]) -> Callable[[int], Classifier]:
    options = filled_in(case.options, world)
    bound = bind("classifier", case.kind, options)

    def make(seed: int) -> Classifier:
        classifier: Classifier = bound.make(labels=labels, other_labels=OTHER[labels], seed=seed)
        assert isinstance(classifier, Classifier)
        return classifier

    return make


def test_every_entry_of_the_catalogue_has_a_case() -> None:
    assert {case.kind for case in CASES} == {*CATALOGUES["classifier"], OWN}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("case", "labels"), BOTH, ids=IDS)
def test_law(
    law: Callable[[LawTrial], None], case: Case, labels: LabelSet, world: dict[str, str], trial_of: Of
) -> None:
    trial = trial_of(maker(case, labels, world), labels)
    if law is laws.loading_restores_what_was_saved and not case.saves:
        with pytest.raises(AssertionError):
            law(trial)
        return
    law(trial)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.options.get("target") == "none"], ids=lambda case: case.name
)
def test_a_classifier_without_target_ignores_it(case: Case, world: dict[str, str], trial_of: Of) -> None:
    laws.target_none_ignores_the_target(trial_of(maker(case, STANCE, world), STANCE))


WITH_TARGET = [
    case
    for case in CASES
    if case.kind in ("lexicon", "linear", "embedding", "encoder", "zero_shot")
    and case.options.get("target") != "none"
]


@pytest.mark.parametrize("case", WITH_TARGET, ids=lambda case: case.name)
def test_a_classifier_with_a_target_reads_it(case: Case, world: dict[str, str], trial_of: Of) -> None:
    laws.other_targets_change_predictions(trial_of(maker(case, STANCE, world), STANCE))
