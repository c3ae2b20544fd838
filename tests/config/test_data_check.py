"""What validate sees in a corpus: of every corpus of the catalogue, and of none that is a user's own code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.config.data_check import describe_data, is_readable
from harness.config.plan.objects import json_copy, plan_of
from harness.corpora.card import load_card
from harness.values.errors import ConfigError, CorpusError, UnavailableError
from tests.corpora.small import SMALL

SMALL_CORPORA = {name: make() for name, make in SMALL.items()}


def config(corpus: dict[str, Any], task: str = "stance") -> dict[str, Any]:
    return {"name": "seen", "task": task, "corpus": corpus, "classifiers": {"prior": {"kind": "prior"}}}


def small_config(name: str, home: Path) -> dict[str, Any]:
    small = SMALL_CORPORA[name]
    small.write(home)
    card = load_card(name)
    place = {"path": str(home / small.file)} if name == "files" else {"folder": str(home)}
    return config({"kind": name, **place, **json_copy(small.options)}, card.tasks[0])


@pytest.mark.parametrize("name", SMALL)
def test_every_corpus_of_the_catalogue_is_described(name: str, tmp_path: Path) -> None:
    plan = plan_of(small_config(name, tmp_path))
    assert is_readable(plan)
    corpus = plan.corpus.make(labels=plan.labels, task=plan.config.task).for_task(plan.config.task)
    lines = list(describe_data(plan, corpus))
    facts = dict(line.split(": ", 1) for line in lines if ": " in line)
    assert f"{len(corpus):,} rows" in "\n".join(lines)
    assert [entry.rpartition(" ")[0] for entry in facts["labels"].split(", ")] == list(plan.labels.names)
    assert "language" in facts
    assert ("split" in facts) == corpus.rows["split"].notna().any()


def test_parts_of_a_joined_corpus_are_counted_and_their_files_named(tmp_path: Path) -> None:
    for name in ("vast", "files"):
        (tmp_path / name).mkdir()
    of = [small_config(name, tmp_path / name)["corpus"] for name in ("vast", "files")]
    plan = plan_of(config({"kind": "joined", "of": of}))
    corpus = plan.corpus.make(labels=plan.labels, task="stance").for_task("stance")
    lines = list(describe_data(plan, corpus))
    counts = corpus.rows["corpus"].value_counts()
    assert lines[0].startswith(SMALL_CORPORA["files"].file)
    assert "corpus: " + ", ".join(f"{part} {count}" for part, count in counts.items()) in lines


def own_corpus() -> None:
    raise AssertionError("called")


def test_a_factory_of_ones_own_is_not_called() -> None:
    address = f"{__name__}:own_corpus"
    assert not is_readable(plan_of(config({"kind": address})))
    joined = {"kind": "joined", "of": [{"kind": "partyline"}, {"kind": address}]}
    assert not is_readable(plan_of(config(joined)))


HUB = {"kind": "hub", "repo": "someone/some-dataset", "revision": "5f0c1d2"}


@pytest.mark.parametrize(
    ("error", "expected"), [(ConnectionError, UnavailableError), (ValueError, CorpusError)]
)
@pytest.mark.parametrize("joined", [False, True])
def test_a_dataset_that_is_out_of_reach_is_told_from_one_that_is_wrong(
    error: type[Exception], expected: type[CorpusError], joined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error("no")

    monkeypatch.setattr("datasets.load_dataset", refuse)
    corpus = {"kind": "joined", "of": [HUB, {"kind": "partyline"}]} if joined else HUB
    plan = plan_of(config(corpus))
    with pytest.raises(CorpusError) as caught:
        plan.corpus.make(labels=plan.labels, task="stance")
    assert type(caught.value) is expected
    assert [problem.where for problem in caught.value.problems] == ["someone/some-dataset@5f0c1d2"]


# The options that a reader refuses, and the places in the config that the problems name.
REFUSED: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "files": (
        "files",
        {"delimiter": ";;", "separator": "", "language": "klingonese", "columns": {"txt": "a"}},
        ["columns.txt", "delimiter", "language", "separator"],
    ),
    "an encoding": ("files", {"encoding": "utf-99"}, ["encoding"]),
    "hub": ("hub", {"repo": "a/b", "separator": ""}, ["repo", "separator"]),
    "newsmtsc": ("newsmtsc", {"variant": "paper", "dev": "mt"}, ["dev"]),
    "semeval2016": ("semeval2016", {"subtask": "B", "target": "Atheism"}, ["target"]),
    "semeval2023": ("semeval2023", {"languages": []}, ["languages"]),
    "xstance": ("xstance", {"languages": []}, ["languages"]),
    "a share of none": ("media_frames", {"frames": "spans", "agreed": 0.0}, ["agreed"]),
    "a share above all": ("media_frames", {"frames": "spans", "agreed": 1.01}, ["agreed"]),
    "a share without spans": ("media_frames", {"agreed": 0.6}, ["agreed"]),
}


@pytest.mark.parametrize(("name", "options", "expected"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("joined", [False, True])
def test_options_of_a_corpus_are_checked_before_it_is_read(
    name: str, options: dict[str, Any], expected: list[str], joined: bool, tmp_path: Path
) -> None:
    sound = small_config(name, tmp_path)
    corpus, where = {**sound["corpus"], **options}, "corpus"
    # Nothing could be read here: the folder is empty.
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    if joined:
        task = sound["task"]
        other = {"kind": "partyline"}
        sound, where = config({"kind": "joined", "of": [other, corpus]}, task), "corpus.of.1"
    else:
        sound["corpus"] = corpus
    with pytest.raises(ConfigError) as caught:
        plan_of(sound)
    wheres = sorted(problem.where for problem in caught.value.problems)
    assert wheres == [f"{where}.{option}" for option in expected]


@pytest.mark.parametrize("agreed", [0.01, 1.0])
def test_options_at_the_ends_of_their_range_are_taken(agreed: float, tmp_path: Path) -> None:
    sound = small_config("media_frames", tmp_path)
    sound["corpus"] |= {"frames": "spans", "agreed": agreed}
    assert plan_of(sound).corpus.options["agreed"] == agreed


def test_a_default_in_place_of_a_wrong_option_makes_no_other_useless(tmp_path: Path) -> None:
    sound = small_config("media_frames", tmp_path)
    # frames is wrong, and its default would make agreed useless.
    sound["corpus"] |= {"frames": "lines", "agreed": 0.6}
    with pytest.raises(ConfigError) as caught:
        plan_of(sound)
    assert [problem.where for problem in caught.value.problems] == ["corpus.frames"]
