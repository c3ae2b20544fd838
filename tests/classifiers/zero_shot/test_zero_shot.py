"""Zero-shot classification: hypotheses, outputs found by name, truncation, engines, what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers import checkpoints
from harness.classifiers.encoder.engines import acceptance, choice
from harness.classifiers.protocol import Example, Labelled, load, save
from harness.classifiers.zero_shot import zero_shot
from harness.classifiers.zero_shot.classifier import HypothesisTokenizer, ZeroShot
from harness.classifiers.zero_shot.hypotheses import make
from harness.classifiers.zero_shot.outputs import outputs_of
from harness.values.catalog import bind
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import NEWS_FRAMES, POLICY_FRAMES, STANCE, LabelSet
from tests.classifiers import tiny_models, tiny_tokenizers
from tests.sentences import words

FRAMES = LabelSet(("conflict", "morality"), multi=True)
WORDING = {"critical": "bad", "neutral": "that", "supportive": "good"}
FRAME_WORDING = {"conflict": "bad people", "morality": "a good plan"}
VARNA = Example("the minister praised varna .", "varna", ((21, 26),))
EXAMPLES = [
    VARNA,
    Example("the union attacked coast again .", "coast", ((19, 24),)),
    Example("people vote .", "varna"),
    Example("the league lost in varna , varna won .", "varna", ((19, 24), (27, 32))),
]
VERB_AND_NAME = "minister praised varna"
ROWS = Labelled(EXAMPLES, np.array([2, 0, 1, 1]))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_models.write_nli(tmp_path_factory.mktemp("nli"))


def fitted(checkpoint: str, labels: LabelSet = STANCE, **options: Any) -> ZeroShot:
    wording = FRAME_WORDING if labels.multi else WORDING
    defaults = {"checkpoint": checkpoint, "wording": wording, "max_tokens": 32}
    classifier = zero_shot(**{**defaults, **options}, labels=labels)
    classifier.fit(ROWS)
    return classifier


def logits(checkpoint: str, sentence: str, hypothesis: str) -> torch.Tensor:
    """What transformers computes of a pair."""
    backend = checkpoints.load_tokenizer(checkpoint)
    model = checkpoints.load_sequence_classifier(checkpoint)
    with torch.inference_mode():
        pair = backend(sentence, hypothesis, return_tensors="pt", return_token_type_ids=True)
        result: torch.Tensor = model(**pair).logits[0]
    return result


def test_stance_is_a_softmax_over_the_entailment_of_all_hypotheses(tiny: str) -> None:
    proba = fitted(tiny).predict_proba(EXAMPLES)
    for row, example in zip(proba, EXAMPLES, strict=True):
        entailment = [
            logits(tiny, example.text, f"The sentence is {word} of {example.target}.")[2]
            for word in WORDING.values()
        ]
        assert row == pytest.approx(torch.stack(entailment).softmax(dim=0).tolist(), abs=1e-6)
    assert len({tuple(row) for row in proba.round(6).tolist()}) == len(EXAMPLES)


def test_a_frame_is_entailment_against_contradiction(tiny: str) -> None:
    examples = [Example(example.text) for example in EXAMPLES]
    proba = fitted(tiny, FRAMES).predict_proba(examples)
    for row, example in zip(proba, examples, strict=True):
        for probability, word in zip(row, FRAME_WORDING.values(), strict=True):
            contradiction, _, entailment = logits(tiny, example.text, f"The sentence is about {word}.")
            pair = torch.stack([contradiction, entailment]).softmax(dim=0)
            assert probability == pytest.approx(float(pair[1]), abs=1e-6)


@pytest.mark.parametrize(
    ("target", "sentence", "name"),
    [
        ("pair", "the minister praised varna .", "varna"),
        ("marked", "the minister praised [varna] .", "varna"),
        ("masked", "the minister praised TARGET .", "TARGET"),
        ("none", "the minister praised varna .", "anyone"),
    ],
)
def test_the_target_is_shown_as_the_setting_says(tiny: str, target: str, sentence: str, name: str) -> None:
    (row,) = fitted(tiny, target=target).predict_proba([VARNA])
    entailment = [
        logits(tiny, sentence, f"The sentence is {word} of {name}.")[2] for word in WORDING.values()
    ]
    assert row == pytest.approx(torch.stack(entailment).softmax(dim=0).tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("target", "holder", "shown"),
    [
        ("pair", "the minister", "the minister"),
        ("pair", None, "someone"),
        ("pair", "varna", "varna"),
        ("masked", "the minister", "the minister"),
        # A party that speaks of itself would show what is masked.
        ("masked", "varna", "TARGET"),
        ("none", "the minister", "someone"),
    ],
)
def test_the_holder_is_named_where_the_hypothesis_says_so(
    tiny: str, target: str, holder: str | None, shown: str
) -> None:
    example = replace(VARNA, holder=holder)
    template = "For {holder} the sentence is {label} of {target}."
    classifier = fitted(tiny, target=target, hypothesis=template)
    name = classifier.hypotheses.name_of(example)
    assert classifier.hypotheses.holder_of(example) == shown
    sentence = example.text.replace("varna", "TARGET") if target == "masked" else example.text
    (row,) = classifier.predict_proba([example])
    entailment = [
        logits(tiny, sentence, f"For {shown} the sentence is {word} of {name}.")[2]
        for word in WORDING.values()
    ]
    assert row == pytest.approx(torch.stack(entailment).softmax(dim=0).tolist(), abs=1e-6)
    # The default names none, so that a holder changes nothing.
    plain = fitted(tiny, target=target).predict_proba([example, replace(VARNA, holder=None)])
    assert plain[0].tolist() == plain[1].tolist()


def test_long_names_of_holder_and_target_are_both_cut(tiny: str) -> None:
    long = replace(VARNA, target="varna " * 200, holder="the minister " * 300, spans=())
    classifier = fitted(tiny, hypothesis="{holder}: {label} of {target}")
    (row,) = classifier.predict_proba([long])
    assert row.sum() == pytest.approx(1)
    rows = classifier.tokenizer_._rows(long)
    assert all(classifier.tokenizer_._length(each.target or "") <= 16 for each in rows)


@pytest.mark.parametrize(
    ("names", "entailment", "against"),
    [
        (("CONTRADICTION", "NEUTRAL", "ENTAILMENT"), 2, 0),
        (("entailment", "neutral", "contradiction"), 0, 2),
        (("entailment", "not_entailment"), 0, 1),
        (("Non-Entailment", "Entails"), 1, 0),
        (("LABEL_0", "entailment"), 1, 0),
        (("relevance",), 0, None),
    ],
)
def test_outputs_are_found_by_name(names: tuple[str, ...], entailment: int, against: int | None) -> None:
    by_number = dict(enumerate(names))
    assert outputs_of(by_number, multi=True).entailment == entailment
    assert outputs_of(by_number, multi=True).against == against
    assert outputs_of(by_number, multi=False).entailment == entailment
    assert outputs_of(by_number, multi=False).against is None


@pytest.mark.parametrize(
    ("names", "multi", "missing"),
    [
        (("LABEL_0", "LABEL_1", "LABEL_2"), False, "entailment"),
        (("positive", "negative"), False, "entailment"),
        (("entailment", "entailed", "contradiction"), False, "entailment"),
        (("entailment", "neutral", "other"), True, "contradiction"),
    ],
)
def test_a_checkpoint_that_names_no_entailment_is_refused(
    tmp_path: Path, names: tuple[str, ...], multi: bool, missing: str
) -> None:
    checkpoint = tiny_models.write_nli(tmp_path / "other", outputs=names)
    with pytest.raises(ClassifierError) as caught:
        fitted(checkpoint, FRAMES if multi else STANCE)
    message = str(caught.value)
    assert message.startswith(checkpoint)
    assert all(name in message for name in (*names, missing, "id2label"))


def test_a_checkpoint_without_a_head_is_refused(tmp_path: Path) -> None:
    checkpoint = tiny_models.write(tmp_path / "body")
    with pytest.raises(ClassifierError, match="classifier"):
        fitted(checkpoint)


def decoded(tokenizer: HypothesisTokenizer, examples: list[Example]) -> list[str]:
    return [tokenizer.backend.decode(tokens.tolist()) for tokens in tokenizer(examples).tokens]


def test_the_sentence_is_cut_and_never_the_hypothesis(tiny: str) -> None:
    filler = "it was that people vote in a plan on the hill " * 5
    text = f"{filler}the minister praised varna . {filler}"
    at = text.index("varna")
    long = Example(text, "varna", ((at, at + 5),))
    classifier = fitted(tiny)
    rows = classifier.tokenizer_([long])
    assert rows.lengths.tolist() == [32, 32, 32]
    for shown, word in zip(decoded(classifier.tokenizer_, [long]), WORDING.values(), strict=True):
        assert VERB_AND_NAME in shown
        # "sentence" and "of" stand in the vocabulary or not; the wording and the name do.
        assert shown.split("<sep>")[1].split()[-3:] == ["of", "varna", "."]
        assert word in shown.split("<sep>")[1].split()


def test_a_name_that_is_a_page_long_is_cut_within_its_hypothesis(tiny: str) -> None:
    classifier = fitted(tiny)
    example = Example("people vote .", "varna coast " * 200)
    for shown in decoded(classifier.tokenizer_, [example]):
        assert shown.split("<sep>")[0].split()[-3:] == ["people", "vote", "."]
        assert shown.split("<sep>")[1].split()[-1] == "."


def test_a_hypothesis_that_fills_a_row_is_refused(tiny: str) -> None:
    with pytest.raises(ClassifierError, match="max_tokens"):
        fitted(tiny, hypothesis="It is {label} of {target} " + "and it was that " * 5)


def test_more_tokens_than_the_checkpoint_has_positions_are_refused(tiny: str) -> None:
    with pytest.raises(ClassifierError, match="66"):
        fitted(tiny, max_tokens=128)


@pytest.mark.parametrize("architecture", ["roberta", "deberta-v2", "modernbert", "distilbert"])
def test_architectures(tmp_path: Path, architecture: str) -> None:
    reading = tiny_tokenizers.tokenizer(architecture) if architecture != "distilbert" else None
    checkpoint = tiny_models.write_nli(tmp_path / "nli", architecture, reading=reading)
    classifier = fitted(checkpoint, max_tokens=64)
    proba = classifier.predict_proba(EXAMPLES)
    assert proba.sum(axis=1) == pytest.approx(np.ones(len(EXAMPLES)))
    # One row alone and rows together, in batches of other lengths.
    assert classifier.predict_proba(EXAMPLES[2:3])[0] == pytest.approx(proba[2], abs=1e-6)


@pytest.mark.parametrize("labels", [STANCE, FRAMES], ids=["stance", "frames"])
def test_a_saved_model_is_served_by_every_engine(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: LabelSet
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    is_exact = choice.has_instructions_for("int8")
    monkeypatch.setattr(choice, "has_instructions_for", lambda name: True)
    # Random weights make most rows nearly a toss-up, and those are computed again.
    monkeypatch.setattr(acceptance, "MAX_RECOMPUTED", 1.0)
    classifier = fitted(tiny, labels)
    vocabulary = [word for word in tiny_models.WORDS if word.isalpha()]
    drawn = np.random.default_rng(0)
    examples = [
        Example(f"varna {' '.join(drawn.choice(vocabulary, 8))}", None if labels.multi else "varna")
        for _ in range(60)
    ]
    proba = classifier.predict_proba(examples)
    codes = labels.decide(proba)
    folder = save(classifier, tmp_path / "saved")
    assert folder is not None
    again = load(folder, labels)
    assert isinstance(again, ZeroShot)
    assert again.predict_proba(examples).tobytes() == proba.tobytes()
    offers = again.accelerate(folder / "model", examples[:30], Labelled(examples[30:], codes[30:]))
    assert set(offers) == {"bf16", "int8", "onnx"}
    served = load(folder, labels)
    assert isinstance(served, ZeroShot)
    assert not [name for name, offer in offers.items() if "refused" in offer]
    for engine in ("onnx", "bf16", "int8", "auto"):
        served.use(engine)
        near = np.abs(served.predict_proba(examples) - proba) <= 0.05
        # Where a processor has no instructions for int8, some sums of its products are cut off at 16 bits.
        assert near.mean() >= (1.0 if is_exact or engine == "bf16" else 0.9), engine


def test_what_is_saved_is_checked_when_it_is_loaded(tiny: str, tmp_path: Path) -> None:
    folder = save(fitted(tiny), tmp_path / "saved")
    assert folder is not None
    with pytest.raises(ClassifierError, match="3 labels"):
        load(folder, LabelSet(("for", "against")))
    damages: tuple[Callable[[dict[str, Any]], Any], ...] = (lambda record: record.pop("outputs"), dict.clear)
    for number, damage in enumerate(damages):
        copied = Path(shutil.copytree(folder, tmp_path / f"damaged-{number}"))
        file = copied / "model" / "zero_shot.json"
        record = json.loads(file.read_text(encoding="utf-8"))
        damage(record)
        file.write_text(json.dumps(record), encoding="utf-8")
        with pytest.raises(ClassifierError, match="zero_shot.json"):
            load(copied, STANCE)


def test_it_is_refused_with_every_option_that_is_wrong(tiny: str) -> None:
    with pytest.raises(ConfigError) as caught:
        zero_shot(
            checkpoint="./nowhere",
            hypothesis="It is {lable} of {target.__class__}.",
            wording={"neutral": "critical", "critcal": "bad"},
            max_tokens=8,
            labels=STANCE,
        )
    wheres = sorted(problem.where for problem in caught.value.problems)
    assert wheres == [
        *("checkpoint", "hypothesis", "hypothesis", "hypothesis"),
        *("max_tokens", "wording", "wording.critcal"),
    ]
    (hint,) = [problem.hint for problem in caught.value.problems if problem.where == "wording.critcal"]
    assert words(hint)[-1] == "critical"


@pytest.mark.parametrize(
    "hypothesis", ["It is {label", "It is {label} of {target}.", "It is {label} for {holder}."]
)
def test_a_hypothesis_about_frames_has_no_target(tiny: str, hypothesis: str) -> None:
    with pytest.raises(ConfigError) as caught:
        zero_shot(checkpoint=tiny, hypothesis=hypothesis, labels=FRAMES)
    assert [problem.where for problem in caught.value.problems] == ["hypothesis"]


@pytest.mark.parametrize(
    "labels", [STANCE, LabelSet(NEWS_FRAMES, multi=True), LabelSet(POLICY_FRAMES, multi=True)]
)
def test_every_label_of_a_codebook_has_words_of_its_own(labels: LabelSet) -> None:
    filled = make("", {}, "pair", labels)
    assert len(set(filled.wording)) == len(labels)
    assert not any("_" in words for words in filled.wording)
    assert list(filled.problems(labels)) == []


def test_a_name_with_braces_is_a_name() -> None:
    filled = make("{target}: {label}, {target}!", {"for": "{target}"}, "pair", LabelSet(("for", "against")))
    assert [words(text) for text in filled.of("{label}")] == [
        ["label", "target", "label"],
        ["label", "against", "label"],
    ]


def test_a_config_says_it_in_yaml(tiny: str) -> None:
    options = {"checkpoint": tiny, "hypothesis": "It is {label} of {target}.", "wording": WORDING}
    bound = bind("classifier", "zero_shot", options)
    assert bound.canonical()["wording"] == WORDING
    first, *_ = bound.make(labels=STANCE, seed=1).hypotheses.of("varna")
    assert first.split() == ["It", "is", "bad", "of", "varna."]
