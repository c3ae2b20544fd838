"""Corpora with all official files, test too, in their published form; test repeats train as the card says."""

from __future__ import annotations

from collections.abc import Callable

from harness.corpora.card import load_card
from tests.corpora.grown import Files, sentence
from tests.corpora.spoiling import json_of, lines_of_json, workbook_of

PARTS = (("train", 0, 90), ("dev", 200, 40), ("test", 300, 40))
"""Part, number of its first row, and rows."""


def known_repeats(name: str, part: str) -> int:
    """How many test rows repeat train, by the card; none where nobody counted them."""
    return max([0, *(each.rows for each in load_card(name).repeats if each.part.startswith(part))])


def numbers(name: str, part: str, begin: int, rows: int, repeats: str) -> list[int]:
    """Numbers of the rows of a part: those that repeat train come from its middle."""
    count = known_repeats(name, repeats) if part == "test" else 0
    return [*range(30, 30 + count), *range(begin + count, begin + rows)]


def newsmtsc() -> Files:
    def row(n: int, part: str, at: int) -> dict[str, object]:
        text = sentence(n, n % 3)
        where = {
            "from": 0,
            "to": 7,
            "mention": "Ann Lee",
            "id": f"allsides_{ord(part[0])}_{at}_1_Ann Lee_0_7",
        }
        return {**where, "sentence": text, "polarity": float(n % 3 - 1)}

    files = {}
    for subset in ("mt", "rw"):
        for part, begin, rows in PARTS:
            shift = 1000 if subset == "rw" and part != "train" else 0
            listed = numbers("newsmtsc", part, begin, rows, "mt test" if subset == "mt" else "none")
            files[f"newsmtsc-{subset}-hf/{part}.jsonl"] = lines_of_json(
                *(row(n + shift, part, at + shift) for at, n in enumerate(listed, start=begin))
            )
    return files


def pstance() -> Files:
    files = {}
    for index, (name, target) in enumerate(
        (("trump", "Donald Trump"), ("biden", "Joe Biden"), ("bernie", "Bernie Sanders"))
    ):
        for part, begin, rows in (("train", 0, 60), ("val", 200, 30), ("test", 300, 30)):
            # The repeats of all politicians together are those of the card.
            listed = (
                numbers("pstance", part, begin, rows, "test") if index == 0 else range(begin, begin + rows)
            )
            lines = [
                f"{sentence(n + 1000 * index, 2 * (n % 2), target)},{target},{('AGAINST', 'FAVOR')[n % 2]}\n"
                for n in listed
            ]
            files[f"raw_{part}_{name}.csv"] = ("Tweet,Target,Stance\n" + "".join(lines)).encode()
    return files


def vast() -> Files:
    head = (
        "author,post,ori_topic,new_topic,label,type_idx,new_id,arc_id,text,topic_str,seen?,contains_topic?\n"
    )
    files = {}
    for part, begin, rows in PARTS:
        lines = [
            f"A,{sentence(n, n % 3)},x,{part} {n % 45},{(0, 2, 1)[n % 3]},1,{n},{part}{n},[],x,{n % 2},0\n"
            for n in range(begin, begin + rows)
        ]
        files[f"vast_{part}.csv"] = (head + "".join(lines)).encode()
    return files


def seesaw() -> Files:
    files = {}
    for story in range(40):
        split = ("train", "train", "valid", "test")[story % 4]
        name = f"TRIPLET_{story:03d}"
        about = {f"Meta info for article {n}": {"source": f"Paper {n}"} for n in range(3)}
        files[f"meta/{name}.json"] = json_of(
            {"Split": split, "story_time": "2015-03-21", "story_topic": "quays"} | about
        )
        for n in range(3):
            at = story * 3 + n
            stance = {"id": 0, "subject": "Bo", "object": "Ann Lee", "sentiment": ("NEG", "POS")[at % 2]}
            kinds = [["Ann Lee", ["People"], ["Main"], ["A"]], ["Bo", ["People"], ["Main"], ["A"]]]
            files[f"annotations/{name}_DOCUMENT_{n}.json"] = json_of(
                {"entity lists": kinds, "sentence-level stances": {"0": [stance | {"annotators": ["A"]}]}}
            )
            text = {"title": "T", "text": [{"id": 0, "text": f"Bo says: {sentence(at, at % 2 * 2)}"}]}
            files[f"articles/{name}_DOCUMENT_{n}.json"] = json_of(text)
    return files


def narrative_frames() -> Files:
    files = {}
    for part, begin, rows in PARTS:
        lines = []
        for at, n in enumerate(numbers("narrative_frames", part, begin, rows, "test"), start=begin):
            frames = "\t".join(str(n % 3 == kind or n % 5 == kind) for kind in range(5))
            words = " ".join(
                f"Sign {kind} hangs here." for kind in range(5) if n % 3 == kind or n % 5 == kind
            )
            lines.append(f"{at}\tWire\tleft_bias\t2019-01-08\t{sentence(n, n % 3)} {words}\t{frames}\n")
        files[f"Fold_1/{part}.txt"] = "".join(lines).encode()
    return files


def gvfc() -> Files:
    head = ["news_title", "Q1 Relevant", "Q3 Theme1", "Q3 Theme2"]
    rows = [[sentence(n, n % 3, f"Sign {n % 9}"), 1, n % 9 + 1, 99] for n in range(270)]
    return {"GVFC_headlines_and_annotations.xlsx": workbook_of(head, *rows)}


OFFICIAL: dict[str, Callable[[], Files]] = {
    make.__name__: make for make in (newsmtsc, pstance, vast, seesaw, narrative_frames, gvfc)
}
