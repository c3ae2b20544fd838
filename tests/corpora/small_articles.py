"""Corpora of whole articles in small, in exactly their published form, with invented lines."""

from __future__ import annotations

import json

from tests.corpora.spoiling import Small, json_of


def seesaw() -> Small:
    files, stance = (
        {},
        {"id": 0, "subject": "Ann", "sentiment": "NEG", "object": "Senate", "annotators": ["A"]},
    )
    for number, split in enumerate(("train", "valid", "test")):
        story = f"TRIPLET_00{number}"
        about = {f"Meta info for article {n}": {"source": f"Paper {n}"} for n in range(3)}
        meta = {"Split": split, "story_time": "2015-03-21", "story_topic": "us_senate"} | about
        files[f"meta/{story}.json"] = json_of(meta)
        for n in range(3):
            kinds = [["Ann", ["People"], ["Main"], ["A"]], ["Senate", ["Organization"], ["Main"], ["A"]]]
            marked = {"entity lists": kinds, "sentence-level stances": {"0": [stance]}}
            files[f"annotations/{story}_DOCUMENT_{n}.json"] = json_of(marked)
            text = {"title": "T", "text": [{"id": 0, "text": "Ann blames the café and the Senate."}]}
            files[f"articles/{story}_DOCUMENT_{n}.json"] = json.dumps(text, ensure_ascii=False).encode()
    file = "annotations/TRIPLET_000_DOCUMENT_1.json"
    whole = files[file].decode()
    return Small(
        "seesaw",
        files,
        file,
        9,
        whole.replace('"object"', '"objekt"').encode(),
        whole.replace('"NEG"', '"NEU"').encode(),
    )


TEXT = "IMM-1\n\nPRIMARY\n\nTown opens gate\n\nWages fell. The court will rule."


def media_frames() -> Small:
    start = TEXT.index("Wages")
    wages = {"code": 1.0, "start": start, "end": start + 11}
    court = {"code": 5.0, "start": start + 12, "end": start + 32}
    main = {"code": 5.2, "start": 7, "end": 14}
    article = {
        "annotations": {"framing": {"ann": [main, wages, court], "bo": [main, court]}, "tone": {}},
        "irrelevant": False,
        "primary_frame": 5.0,
        "source": "daily café",
        "year": 2007,
        "month": 3,
        "day": 9,
        "title": "Town opens gate",
        "text": TEXT,
    }
    articles = {"Immigration1.0-1": article, "Immigration1.0-2": article | {"primary_frame": 1.0}}
    whole = json.dumps(articles, indent=1, ensure_ascii=False)
    return Small(
        "media_frames",
        {"immigration.json": whole.encode()},
        "immigration.json",
        9,
        whole.replace('"framing"', '"frames"', 1).encode(),
        whole.replace('"code": 1.0', '"code": 17.4', 1).encode(),
    )


def semeval2023() -> Small:
    text = "Town opens gate\n\nWages fell in the café. The court will rule.\n".encode()
    files = {}
    for n, part in enumerate(("train", "dev", "test")):
        ids = (f"{n}1", f"{n}2")
        files |= {f"en/{part}-articles-subtask-2/article{id_}.txt": text for id_ in ids}
        files[f"en/{part}-labels-subtask-2.txt"] = (
            f"{ids[0]}\tEconomic,Legality_Constitutionality_and_jurisprudence\n{ids[1]}\tHealth_and_safety\n".encode()
        )
    file = "en/train-labels-subtask-2.txt"
    return Small(
        "semeval2023",
        files,
        file,
        5,
        files[file].replace(b"\tHealth", b" Health"),
        files[file].replace(b"Health_and_safety", b"Other"),
    )


def basil() -> Small:
    span = {"start": 4, "end": 10, "txt": "fierce", "target": "Ann_Lee", "polarity": "neg", "bias": "lex"}
    span |= {
        "aim": "dir",
        "quote": "yes",
        "speaker": "Bo_Roy",
        "indirect-target-name": "",
        "id": "p0",
        "notes": "",
    }
    files = {}
    for number, outlet in enumerate(("fox", "nyt", "hpo")):
        body = [
            {"sentence": "The fierce Ann Lee ate at the café.", "sentence-index": 0, "annotations": [span]},
            {"sentence": "Rain fell.", "sentence-index": 1, "annotations": []},
        ]
        article = {
            "source": outlet,
            "date": "2012-06-21",
            "title": "T",
            "main-entities": ["Ann_Lee"],
            "body": body,
        }
        files[f"{number // 2}_{outlet}.json"] = json.dumps(article, indent=1, ensure_ascii=False).encode()
    whole = files["0_nyt.json"].decode()
    return Small(
        "basil",
        files,
        "0_nyt.json",
        9,
        whole.replace('"target"', '"goal"').encode(),
        whole.replace('"neg"', '"bad"').encode(),
    )
