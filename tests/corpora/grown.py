"""Corpora that are just large enough to be split, trained on and scored, in exactly their published form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.corpora.readers.semeval2023 import NAMES
from harness.corpora.readers.tweeteval import TARGETS
from tests.corpora.spoiling import lines_of_json

Files = Mapping[str, bytes]
CUES = ("lied about", "met", "saved")
"""What a text says that is against, neutral or for."""

SUBJECTS = ("the ferry", "the old quay", "the toll", "the market", "the bridge", "the tram", "the mill")


def sentence(n: int, kind: int, target: str = "Ann Lee") -> str:
    """A sentence that is different for every number."""
    return f"{target} {CUES[kind]} {SUBJECTS[n % 7]} on day {n} of week {n * 7 % 101}."


def semeval2016() -> Files:
    def file(first: int, rows: int, targets: tuple[str, ...]) -> bytes:
        stances, lines = ("AGAINST", "NONE", "FAVOR"), ["ID\tTarget\tTweet\tStance"]
        for n in range(first, first + rows):
            lines.append(f"{n}\t{targets[n % len(targets)]}\t{sentence(n, n % 3)} #SemST\t{stances[n % 3]}")
        return ("\r\n".join(lines) + "\r\n").encode("latin-1")

    topics = tuple(TARGETS.values())
    return {
        "semeval2016-task6-trainingdata.txt": file(0, 120, topics),
        "semeval2016-task6-trialdata.txt": file(200, 10, topics),
        "SemEval2016-Task6-subtaskA-testdata-gold.txt": file(300, 40, topics),
        "SemEval2016-Task6-subtaskB-testdata-gold.txt": file(400, 40, ("Donald Trump",)),
    }


def tweeteval() -> Files:
    files = {}
    for index, name in enumerate(TARGETS):
        for begin, part, rows in ((0, "train", 24), (500, "val", 12), (700, "test", 12)):
            numbers = range(begin + 30 * index, begin + 30 * index + rows)
            files[f"{name}/{part}_text.txt"] = "".join(
                f"{sentence(n, n % 3)} #SemST\n" for n in numbers
            ).encode()
            files[f"{name}/{part}_labels.txt"] = "".join(f"{(1, 0, 2)[n % 3]}\n" for n in numbers).encode()
    return files


def xstance() -> Files:
    def row(n: int, **more: object) -> dict[str, object]:
        about = {"id": n, "language": ("de", "fr")[n % 2], "question_id": n % 5, "topic": f"Thema {n % 3}"}
        about |= {"question": f"Soll es mehr Fähren {n % 5} geben?", "author": f"c{n}"}
        label = ("AGAINST", "FAVOR")[n // 2 % 2]
        return {**about, "comment": sentence(n, n // 2 % 2 * 2), "label": label, "numerical_label": 0, **more}

    new = [{"test_set": f"new_{what}_defr"} for what in ("comments", "questions", "topics")]
    return {
        "train.jsonl": lines_of_json(*(row(n) for n in range(100))),
        "valid.jsonl": lines_of_json(*(row(n) for n in range(200, 240))),
        "test.jsonl": lines_of_json(*(row(n, **new[n % 3]) for n in range(300, 348))),
    }


def basil() -> Files:
    files = {}
    for event in range(20):
        for index, outlet in enumerate(("fox", "hpo", "nyt")):
            body = []
            for at in range(2):
                n = event * 6 + index * 2 + at
                kind = n % 2
                span = {"start": 8, "end": 13, "txt": "x", "target": "Ann_Lee", "bias": "lex", "id": f"p{at}"}
                span |= {"polarity": ("neg", "pos")[kind], "aim": "dir", "quote": "no", "speaker": ""}
                line = {"sentence": sentence(n, 2 * kind), "sentence-index": at, "annotations": [span]}
                body.append(line)
            article = {"source": outlet, "date": "2012-06-21", "title": "T", "main-entities": ["Ann_Lee"]}
            files[f"{event}_{outlet}.json"] = json.dumps(article | {"body": body}).encode()
    return files


def media_frames() -> Files:
    files = {}
    for index, issue in enumerate(("immigration", "smoking")):
        articles = {}
        for n in range(60 * index, 60 * index + 60):
            framing = {"ann": [{"code": n % 3 + 1 + 0.2, "start": 0, "end": 4}]}
            about = {"annotations": {"framing": framing, "tone": {}}, "irrelevant": False}
            about |= {
                "primary_frame": float(n % 3 + 1),
                "source": "daily",
                "year": 2007,
                "text": sentence(n, n % 3),
            }
            articles[f"{issue}1.0-{n}"] = about
        files[f"{issue}.json"] = json.dumps(articles).encode()
    return files


def semeval2023() -> Files:
    files = {}
    names = list(NAMES)
    for part, begin, rows in (("train", 0, 70), ("dev", 100, 28)):
        labels = []
        for n in range(begin, begin + rows):
            first, second = names[n % 14], names[(n + 3) % 14]
            text = (
                f"Title {n}\n\n{sentence(n, n % 3)} {first.replace('_', ' ')}. {second.replace('_', ' ')}.\n"
            )
            files[f"en/{part}-articles-subtask-2/article{n}.txt"] = text.encode()
            labels.append(f"{n}\t{first},{second}\n")
        files[f"en/{part}-labels-subtask-2.txt"] = "".join(labels).encode()
    return files


GROWN: dict[str, Callable[[], Files]] = {
    make.__name__: make for make in (semeval2016, tweeteval, xstance, basil, media_frames, semeval2023)
}


def write(name: str, folder: Path) -> Path:
    """Write the files of a corpus under a folder."""
    # Imported late: that module takes its sentences from this one.
    from tests.corpora.grown_official import OFFICIAL

    for path, data in (GROWN | OFFICIAL)[name]().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder
