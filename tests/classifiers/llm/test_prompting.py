"""Templates: what they may read, what is wrong with one, and what the shipped ones show."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.classifiers.llm.prompting import (
    MAX_TEMPLATE,
    VARIABLES,
    Prompt,
    Shot,
    definitions_of,
    read_template,
    template_of,
)
from harness.classifiers.protocol import Example, Target
from harness.values.errors import ClassifierError
from harness.values.labels import FRAMING, NEWS_FRAMES, POLICY_FRAMES, STANCE, TWO_SIDES, LabelSet

VARNA = Example("Varna & co. won.", "Varna", ((0, 5),), "Haske")
SHOT = Shot(Example("Coast lost.", "Coast", ((0, 5),)), "critical")
POLICY = LabelSet(POLICY_FRAMES, multi=True)
OWN = LabelSet(("apples", "pears"))
OWN_SETS = LabelSet(("apples", "pears"), multi=True)
SETS = {"stance": STANCE, "two": TWO_SIDES, "news": FRAMING, "policy": POLICY, "own": OWN, "sets": OWN_SETS}


def asked(source: str, **options: object) -> str:
    labels = options.pop("labels", STANCE)
    prompt = Prompt(source, labels, **options)  # type: ignore[arg-type]
    return prompt.question(VARNA, prompt.asked[0], [], lettered=True).prompt


@pytest.mark.parametrize("lettered", [True, False])
@pytest.mark.parametrize("name", SETS)
def test_shipped_prompts_show_text_labels_and_examples(name: str, lettered: bool) -> None:
    labels = SETS[name]
    prompt = Prompt(template_of(labels), labels, definitions_of(labels), "pair")
    shots = [Shot(SHOT.example, "yes" if labels.multi else labels.names[0])]
    for label in prompt.asked:
        question = prompt.question(VARNA, label, shots, lettered=lettered)
        assert VARNA.text in question.prompt
        assert question.prompt.count("Coast lost.") == 1
        assert set(question.names) == ({"yes", "no"} if labels.multi else set(labels.names))
        assert question.is_yes_no == labels.multi
        for shown in [label] if labels.multi else labels.names:
            assert shown in question.prompt
            assert definitions_of(labels).get(shown, "") in question.prompt
        assert ("\nA. " in question.prompt) == lettered


@pytest.mark.parametrize("labels", [STANCE, FRAMING, POLICY, LabelSet((*NEWS_FRAMES[:2], "none"))])
def test_labels_of_the_codebooks_are_defined(labels: LabelSet) -> None:
    means = definitions_of(labels)
    assert set(means) == set(labels.names)
    assert len(set(means.values())) == len(labels)


def test_morality_is_defined_by_its_own_set() -> None:
    assert definitions_of(FRAMING)["morality"] != definitions_of(POLICY)["morality"]
    assert definitions_of(OWN) == {}


@pytest.mark.parametrize(
    ("target", "text", "name", "holder"),
    [
        ("none", "Varna & co. won.", "", ""),
        ("pair", "Varna & co. won.", "Varna", "Haske"),
        ("marked", "[Varna] & co. won.", "", "Haske"),
        ("masked", "TARGET & co. won.", "", "Haske"),
        ("marked_pair", "[Varna] & co. won.", "Varna", "Haske"),
    ],
)
def test_the_target_is_shown_as_the_setting_says(target: Target, text: str, name: str, holder: str) -> None:
    source = "{{ text }}|{{ target }}|{{ holder }}"
    assert asked(source, target=target).split("|") == [text, name, holder]


def test_a_masked_target_that_is_not_in_the_text_has_no_name() -> None:
    prompt = Prompt("{{ text }} {{ target }}", STANCE, target="masked")
    question = prompt.question(Example("They won.", "Varna"), "", [], lettered=True)
    assert question.prompt.endswith(" TARGET")


def test_examples_answer_with_the_letters_of_the_row() -> None:
    source = (
        "{% for l in labels %}{{ l.letter }}={{ l.name }} {% endfor %}|{{ examples[0].answer }}{{ text }}"
    )
    prompt = Prompt(source, STANCE)
    letters, _, answer = prompt.question(VARNA, "", [SHOT], lettered=True).prompt.partition("|")
    assert f"{answer[0]}=critical" in letters
    assert prompt.question(VARNA, "", [SHOT], lettered=False).prompt.partition("|")[2].startswith("critical")


@pytest.mark.parametrize(
    "source",
    [
        "{{ text.__class__.__mro__ }}",
        "{{ labels.append(1) }}",
        "{{ ''.__class__ }}{{ text }}",
        "{{ labels[0].missing }}",
        "{{ 1 / 0 }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_reads_its_values_and_nothing_else(source: str) -> None:
    with pytest.raises(ClassifierError):
        asked(source)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("{{ text }}", 0),
        ("no sentence", 1),
        ("{{ txt }}", 2),
        ("{{ text }} {{ config }} {{ key }}", 2),
        ("{{ text", 1),
        ("{% for x in labels %}{{ text }}", 1),
        ("{{ text }}" + " " * MAX_TEMPLATE, 1),
        ("{% set mine = 1 %}{{ text }}{{ mine }}", 0),
    ],
)
def test_what_is_wrong_with_a_template_is_said_before_a_run(source: str, count: int, tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(source)
    _, problems = read_template(path)
    assert [problem.where for problem in problems] == ["prompt"] * count


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_bytes(b"\xff\xfe")
    assert len(read_template(path)[1]) == len(read_template(tmp_path)[1]) == 1


def test_every_variable_that_is_documented_can_be_used() -> None:
    asked("".join(f"{{{{ {name} }}}}" for name in sorted(VARIABLES)))


def test_any_text_can_be_asked_about() -> None:
    for text in ("", "{{ 7 * 7 }}", "\ud800", "a\x00b", "x" * 10_000):
        prompt = Prompt("[{{ text }}]", STANCE, target="none")
        assert prompt.question(Example(text, "Varna"), "", [], lettered=True).prompt == f"[{text}]"


@pytest.mark.parametrize("target", ["none", "masked"])
def test_the_order_of_labels_tells_no_hidden_target(target: Target) -> None:
    prompt = Prompt(template_of(STANCE), STANCE, {}, target)
    for number in range(20):
        text = f"They met {number}."
        asked_of = [
            prompt.question(Example(text, name), "", [], lettered=True)
            for name in ("Varna", "Coast", "Ostrel")
        ]
        assert len({question.options for question in asked_of}) == 1
