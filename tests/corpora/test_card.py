"""Data cards as files: every card of the catalogue, and cards with one fault each."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from golden import Golden

from harness.corpora.card import FOLDER, Card, Published, Repeats, card_of, load_card, read_card
from harness.scoring.metrics.metric import Metric
from harness.values import catalog
from harness.values.errors import CorpusError
from harness.values.labels import NEWS_FRAMES, POLICY_FRAMES, STANCES

GOOD = """title: X
description: Rows of x.
labels:
  stance: [against, for]
  framing: [war, peace]
published:
  - {system: BERT, metric: f1_macro, value: 0.7, items: test, source: Li 2021}
"""


def card(folder: Path, text: str = GOOD) -> Card:
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    return read_card(folder / "x.yaml")


def test_every_corpus_of_the_catalogue_has_a_card() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(catalog.CATALOGUES["corpus"])
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml"}


@pytest.mark.parametrize("name", catalog.CATALOGUES["corpus"])
def test_every_card_is_read_strictly(name: str) -> None:
    shipped = load_card(name)
    assert shipped.name == name
    assert shipped == read_card(FOLDER / f"{name}.yaml")
    assert load_card(name) is shipped
    texts = [getattr(shipped, field.name) for field in fields(Card) if field.type == "str"]
    # A block with line ends would break the lines of a model card.
    assert [text for text in (*texts, *shipped.flaws) if text != " ".join(text.split())] == []
    assert not shipped.variable or shipped.variable == f"HARNESS_{name.upper()}"
    assert not shipped.address or shipped.address.startswith(("https://", "http://"))


@pytest.mark.parametrize("name", catalog.CATALOGUES["corpus"])
def test_published_scores_are_within_the_range_of_their_metric(name: str) -> None:
    for score in load_card(name).published:
        metric: Metric = catalog.lookup("metric", score.metric, "")
        assert metric.low <= score.value <= metric.high, score


def test_labels_are_lists_or_named_sets_of_frames(tmp_path: Path) -> None:
    assert load_card("partyline").labels["stance"].names == STANCES
    assert load_card("partyline").labels["framing"].names == NEWS_FRAMES
    assert load_card("media_frames").labels["framing"].names == POLICY_FRAMES
    labels = card(tmp_path).labels
    assert {task: (set_.names, set_.multi) for task, set_ in labels.items()} == {
        "stance": (("against", "for"), False),
        "framing": (("war", "peace"), True),
    }


def test_a_whole_card(tmp_path: Path) -> None:
    whole = card(tmp_path)
    assert (whole.name, whole.title, whole.tasks, whole.paper) == ("x", "X", ("stance", "framing"), "")
    assert whole.published == (Published("BERT", "f1_macro", 0.7, "test", "Li 2021"),)
    counted = "repeats:\n  - {part: val, rows: 1, basis: counted}\n  - {part: test, basis: no file}\n"
    assert card(tmp_path, GOOD + counted).repeats == (
        Repeats("val", "counted", 1),
        Repeats("test", "no file", -1),
    )


LABELS = """labels:
  stance: [against, for]
  framing: [war, peace]
"""
BROKEN = {
    "no YAML": ("title: [", "x.yaml"),
    "no mapping": ("- title", "x.yaml"),
    "a key twice": (GOOD + "title: Y\n", "x.yaml"),
    "an unknown key": (GOOD + "flawss: [Small.]\n", "x.yaml: flawss"),
    "a key that is no text": (GOOD + "1: a\n", "x.yaml: 1"),
    "a missing key": (GOOD.replace("title: X\n", ""), "x.yaml: title"),
    "no text": (GOOD + "paper: 2021\n", "x.yaml: paper"),
    "nothing": (GOOD + "paper:\n", "x.yaml: paper"),
    "an empty text": (GOOD + 'paper: ""\n', "x.yaml: paper"),
    "an empty list": (GOOD + "flaws: []\n", "x.yaml: flaws"),
    "flaws that are no list": (GOOD + "flaws: Small.\n", "x.yaml: flaws"),
    "a flaw that YAML reads as a mapping": (GOOD + "flaws:\n  - Small: 3 rows.\n", "x.yaml: flaws"),
    "languages that are no list": (GOOD + "languages: de\n", "x.yaml: languages"),
    "a name of a language": (GOOD + "languages: [German]\n", "x.yaml: languages"),
    "a language twice": (GOOD + "languages: [de, de]\n", "x.yaml: languages"),
    "labels that are no mapping": (GOOD.replace(LABELS, "labels: [for, against]\n"), "x.yaml: labels"),
    "an unknown task": (GOOD.replace("stance:", "stances:"), "x.yaml: labels.stances"),
    "an unknown set of frames": (GOOD.replace("[war, peace]", "policy_frame"), "x.yaml: labels.framing"),
    "a set of frames for stance": (GOOD.replace("[against, for]", "policy_frames"), "x.yaml: labels.stance"),
    "a label twice": (GOOD.replace("[war, peace]", "[war, war]"), "x.yaml: labels.framing"),
    "one label of stance": (GOOD.replace("[against, for]", "[for]"), "x.yaml: labels.stance"),
    "a label that is no text": (GOOD.replace("[against, for]", "[1, for]"), "x.yaml: labels.stance"),
    "a score that is no mapping": (GOOD + "  - 0.7\n", "x.yaml: published.1"),
    "a score without a source": (GOOD.replace(", source: Li 2021", ""), "x.yaml: published.0: source"),
    "a score that is no number": (GOOD.replace("0.7", '"0.7"'), "x.yaml: published.0: value"),
    "a score that is true": (GOOD.replace("0.7", "true"), "x.yaml: published.0: value"),
    "repeats that are no list": (GOOD + "repeats: 5\n", "x.yaml: repeats"),
    "repeats without a basis": (GOOD + "repeats:\n  - {part: test, rows: 5}\n", "x.yaml: repeats.0: basis"),
    "half a row": (GOOD + "repeats:\n  - {part: test, rows: 0.5, basis: x}\n", "x.yaml: repeats.0: rows"),
    "a score with more": (GOOD.replace("0.7,", "0.7, year: 2021,"), "x.yaml: published.0: year"),
}


def fault(folder: Path, text: str) -> CorpusError:
    with pytest.raises(CorpusError) as caught:
        card(folder, text)
    return caught.value


@pytest.mark.parametrize(("text", "where"), BROKEN.values(), ids=BROKEN)
def test_a_broken_card_names_file_and_key(text: str, where: str, tmp_path: Path) -> None:
    assert [problem.where for problem in fault(tmp_path, text).problems] == [where]


def test_all_faults_of_a_card_are_reported_at_once(tmp_path: Path) -> None:
    text = "titel: X\nlabels: {stance: none}\nflaws: [1]\npublished: [{value: x}]\n"
    assert [problem.where for problem in fault(tmp_path, text).problems] == [
        "x.yaml: titel",
        "x.yaml: title",
        "x.yaml: description",
        "x.yaml: labels.stance",
        "x.yaml: flaws",
        *(f"x.yaml: published.0: {key}" for key in ("value", "system", "metric", "items", "source")),
    ]


def test_what_is_said_of_broken_cards(tmp_path: Path, golden: Golden) -> None:
    parsed = {name: text for name, (text, _) in BROKEN.items() if name not in ("no YAML", "a key twice")}
    golden("corpora/broken_cards", "\n".join(f"{name}: {fault(tmp_path, parsed[name])}" for name in parsed))


def test_a_missing_card(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        read_card(tmp_path / "none.yaml")
    assert [problem.where for problem in caught.value.problems] == ["none.yaml"]
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_the_folder_of_a_variable_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HARNESS_VAST", "~/vast")
    assert load_card("vast").default_folder() == tmp_path / "vast"
    (tmp_path / "vast").mkdir()
    assert load_card("vast").folder(None) == load_card("vast").folder(Path("~/vast")) == tmp_path / "vast"


CARD = Card("mine", "Mine", "Rows of mine.", (), {})


def mine() -> None:
    """Stands for a corpus of one's own, whose card is that of this module."""


def test_a_corpus_of_ones_own_may_have_a_card_in_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    assert card_of(f"{__name__}:mine", mine) is CARD
    assert card_of("vast", mine) is load_card("vast")
    monkeypatch.delattr(f"{__name__}.CARD")
    assert card_of(f"{__name__}:mine", mine) is None
