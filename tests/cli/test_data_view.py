"""validate reads the files of a config, and init writes a config for a file."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from golden import Golden
from ruamel.yaml import YAML
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.config import plan
from harness.evaluation.prepared import prepare
from harness.values.errors import ConfigError, ProblemsError
from harness.values.minimums import MIN_CORPUS_ROWS

ROOT = Path(__file__).parents[2]
STANCES = ("critical", "neutral", "supportive")
VERBS = {"critical": "attacked", "neutral": "met", "supportive": "thanked"}
PARTIES = ("Grüne Liste", "Hafenbund")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sentences(n: int = 60) -> list[tuple[str, str, str]]:
    return [
        (f"Ward {i} {VERBS[STANCES[i % 3]]} {PARTIES[i % 2]} over fee {i}.", PARTIES[i % 2], STANCES[i % 3])
        for i in range(n)
    ]


def table(name: str, rows: Sequence[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ",") -> None:
    with Path(name).open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def german() -> str:
    words = dict(zip(STANCES, ("ablehnend", "neutral", "befürwortend"), strict=True))
    rows = [[text, party, words[stance], f"a{i // 3}"] for i, (text, party, stance) in enumerate(sentences())]
    table("deutsch.csv", [["Satz", "Partei", "Haltung", "Artikel"], *rows], "cp1252", ";")
    return "deutsch.csv"


def excel() -> str:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["sentence", "party", "label"])
    for text, party, stance in sentences():
        book.active.append([text, party, float(STANCES.index(stance) - 1)])
    book.save("excel.xlsx")
    return "excel.xlsx"


def votes() -> str:
    rows = [[text, party, *[stance.upper()[:3]] * 2, "NEU"] for text, party, stance in sentences()]
    rows = [[cell.replace("CRI", "AGAINST").replace("SUP", "FAVOR") for cell in row] for row in rows]
    table("votes.tsv", [["text", "target", "coder_1", "coder_2", "coder_3"], *rows], delimiter="\t")
    return "votes.tsv"


def long() -> str:
    rows = [[text, party, stance, who] for text, party, stance in sentences() for who in "xyz"]
    table("long.csv", [["content", "entity", "stance", "worker"], *rows], "utf-16", "|")
    return "long.csv"


def two() -> str:
    names = {"critical": "neg", "supportive": "pos"}
    rows = [
        {"tweet": text, "topic": party, "sentiment": names[stance]}
        for text, party, stance in sentences(90)
        if stance in names
    ]
    Path("two.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return "two.jsonl"


def frames() -> str:
    kinds = ("conflict", "conflict; morality", "")
    rows = [[text, kinds[i % 3], "train" if i % 3 else "test"] for i, (text, _, _) in enumerate(sentences())]
    table("frames.csv", [["headline", "frames", "split"], *rows])
    return "frames.csv"


def other_labels() -> str:
    rows = [[text, f"kind {STANCES.index(stance)}"] for text, _, stance in sentences()]
    table("other.csv", [["comment", "rating"], *rows])
    return "other.csv"


def by_hand() -> str:
    """What harness label writes of rows that a model had labelled: all neutral."""
    others = {"critical": "neutral", "neutral": "neutral", "supportive": ""}
    rows = [
        [text, party, "neutral", stance, "conflict" if i % 2 else "none", stance, others[stance], "none"]
        for i, (text, party, stance) in enumerate(sentences())
    ]
    heads = ["gold", "gold_frames", "stance by Ada", "stance by Ben", "frames by Ada"]
    table("by_hand.csv", [["text", "target", "label", *heads], *rows])
    return "by_hand.csv"


def frames_by_hand() -> str:
    rows = [[text, "conflict" if i % 2 else "none", "none"] for i, (text, _, _) in enumerate(sentences())]
    table("frames_by_hand.csv", [["text", "gold_frames", "frames by Ada"], *rows])
    return "frames_by_hand.csv"


FILES: dict[str, tuple[Callable[[], str], dict[str, int]]] = {
    "German, semicolons, cp1252": (german, dict.fromkeys(STANCES, 20)),
    "Excel with numbers": (excel, dict.fromkeys(STANCES, 20)),
    "a column an annotator": (votes, dict.fromkeys(STANCES, 20)),
    "a row an annotation": (long, dict.fromkeys(STANCES, 20)),
    "two labels": (two, {"critical": 30, "supportive": 30}),
    "frames in one cell": (frames, {"conflict": 40, "morality": 20}),
    "votes by hand": (by_hand, dict.fromkeys(STANCES, 20)),
    "frames by hand": (frames_by_hand, {"conflict": 30}),
    "labels of one's own": (other_labels, {f"kind {k}": 20 for k in range(3)}),
}


def call(*words: str) -> str:
    return CliRunner().invoke(cli.app, list(words), catch_exceptions=False).output


@pytest.mark.parametrize(("write", "counts"), FILES.values(), ids=FILES)
def test_the_config_that_init_writes_reads_the_file(
    write: Callable[[], str], counts: dict[str, int], request: pytest.FixtureRequest, golden: Golden
) -> None:
    call("init", write(), "-o", "mine.yaml")
    resolved = plan.read(Path("mine.yaml"))
    prepared = prepare(resolved)
    assert prepared.info.corpus.label_counts == counts
    assert [classifier.name for classifier in resolved.classifiers] == ["majority", "linear"]
    seen = call("validate", "mine.yaml")
    assert seen.startswith("mine.yaml: ok")
    config = Path("mine.yaml").read_text(encoding="utf-8")
    golden(f"config/init-{write.__name__}", f"{config}\n{seen}")


def test_init_overwrites_nothing_unless_told() -> None:
    source = german()
    call("init", source)
    before = Path("deutsch.yaml").read_text(encoding="utf-8")
    with pytest.raises(ConfigError):
        call("init", source)
    call("init", source, "--force")
    assert Path("deutsch.yaml").read_text(encoding="utf-8") == before


def test_the_path_is_written_from_the_config() -> None:
    Path("configs").mkdir()
    call("init", german(), "-o", "configs/mine.yaml")
    assert prepare(plan.read(Path("configs/mine.yaml"))).corpus.name == "deutsch"


NO_CONFIG: dict[str, tuple[str, list[list[str]]]] = {
    "no labels": ("a.csv", [["text", "target"], *[[text, party] for text, party, _ in sentences()]]),
    "too few rows": ("b.csv", [["text", "target", "stance"], *map(list, sentences(MIN_CORPUS_ROWS - 1))]),
}


def test_a_file_that_no_config_can_read_is_refused(golden: Golden) -> None:
    messages = []
    for case, (name, rows) in NO_CONFIG.items():
        table(name, rows)
        with pytest.raises(ProblemsError) as caught:
            call("init", name)
        assert not Path(name).with_suffix(".yaml").exists()
        messages.append(f"[{case}]\n{caught.value}")
    golden("config/init-refused", "\n".join(messages))


CONFIG = """\
name: mine
corpus: {{kind: files, path: {path}{more}}}
split: {{kind: holdout}}
classifiers: {{linear: {{kind: linear}}}}
"""


def problems_of(path: str, more: str = "") -> list[str]:
    Path("mine.yaml").write_text(CONFIG.format(path=path, more=more), encoding="utf-8")
    with pytest.raises(ProblemsError) as caught:
        call("validate", "mine.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_what_is_wrong_with_a_file_is_said_with_the_mend(golden: Golden) -> None:
    names = dict(zip(STANCES, ("AGAINST", "none", "favor"), strict=True))
    rows = [[text, party, names[stance]] for text, party, stance in sentences()]
    table("labels.csv", [["text", "target", "stance"], *rows])
    table("semicolons.csv", [["text", "target", "stance"], *map(list, sentences())], delimiter=";")
    table("cp1252.csv", [["text", "target", "stance"], *map(list, sentences())], "cp1252")
    table("headings.csv", [["satz", "partei", "haltung"], *map(list, sentences())])
    table("small.csv", [["text", "target", "stance"], *map(list, sentences(12))])
    said = [
        line
        for name in ("labels", "semicolons", "cp1252", "headings", "small")
        for line in problems_of(f"{name}.csv")
    ]
    golden("config/validated-files", "\n".join(said))


def test_the_label_map_of_a_message_can_be_pasted() -> None:
    names = dict(zip(STANCES, ("con tra", "none", "+1"), strict=True))
    rows = [[text, party, names[stance]] for text, party, stance in sentences()]
    table("labels.csv", [["text", "target", "stance"], *rows])
    (first, *_) = problems_of("labels.csv")
    pasted = first.partition("label_map: ")[2].replace("TODO", "critical")
    Path("mine.yaml").write_text(
        CONFIG.format(path="labels.csv", more=f", label_map: {pasted}"), encoding="utf-8"
    )
    assert call("validate", "mine.yaml").startswith("mine.yaml: ok")


def test_a_label_that_the_config_leaves_out_is_not_mapped_to_itself() -> None:
    table("labels.csv", [["text", "target", "stance"], *map(list, sentences())])
    two = "labels: [critical, neutral]\n"
    Path("mine.yaml").write_text(CONFIG.format(path="labels.csv", more="") + two, encoding="utf-8")
    with pytest.raises(ProblemsError) as caught:
        call("validate", "mine.yaml")
    (pasted, *_) = re.findall(r"label_map: \{.*?\}", str(caught.value.problems[0]))
    assert YAML(typ="safe").load(pasted) == {"label_map": {"supportive": None}}
    mapped = CONFIG.format(path="labels.csv", more=f", {pasted}") + two
    Path("mine.yaml").write_text(mapped, encoding="utf-8")
    assert call("validate", "mine.yaml").startswith("mine.yaml: ok")


@pytest.mark.parametrize("n", [MIN_CORPUS_ROWS - 1, MIN_CORPUS_ROWS])
def test_a_corpus_needs_some_rows(n: int) -> None:
    table("small.csv", [["text", "target", "stance"], *map(list, sentences(n))])
    if n < MIN_CORPUS_ROWS:
        assert len(problems_of("small.csv")) == 1
    else:
        Path("mine.yaml").write_text(CONFIG.format(path="small.csv", more=""), encoding="utf-8")
        assert call("validate", "mine.yaml").startswith("mine.yaml: ok")


def test_reading_a_file_loads_nothing_that_trains() -> None:
    german()
    call("init", "deutsch.csv")
    code = (
        "import sys\nfrom harness.cli.main import main\nsys.argv[1:] = ['validate', 'deutsch.yaml']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(sorted({'torch', 'sklearn', 'mlflow', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_dataset_out_of_reach_is_named_and_is_no_fault_of_the_config(
    monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise ConnectionError("Couldn't reach 'someone/some-dataset' on the Hub")

    monkeypatch.setattr("datasets.load_dataset", unreachable)
    Path("mine.yaml").write_text(
        "name: mine\ncorpus: {kind: hub, repo: someone/some-dataset, revision: 5f0c1d2}\n"
        "classifiers: {linear: {kind: linear}}\n",
        encoding="utf-8",
    )
    seen = call("validate", "mine.yaml")
    assert seen.startswith("mine.yaml: ok")
    golden("config/validated-unreachable", seen)


def test_a_published_corpus_is_looked_at_like_any_other() -> None:
    Path("mine.yaml").write_text(
        "name: mine\ncorpus: {kind: partyline}\nclassifiers: {linear: {kind: linear}}\n", encoding="utf-8"
    )
    seen = call("validate", "mine.yaml")
    rows = len(prepare(plan.read(Path("mine.yaml"))).corpus)
    assert f"\n  {rows:,} rows, " in seen
