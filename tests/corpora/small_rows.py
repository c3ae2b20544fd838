"""Corpora of one row an example in small, in exactly their published form, with invented lines."""

from __future__ import annotations

from typing import Any

from tests.corpora.spoiling import Small, lines_of_json, workbook_of

PARTIES = """- name: Saffron Party
  kind: party
"""


def partyline() -> Small:
    def article(id_: str, **target: Any) -> dict[str, Any]:
        about = {"party": "Saffron Party", "start": 0, "end": 13, "stance": "critical", "votes": ["critical"]}
        line = {"kind": "body", "text": "Saffron Party lied.", "labelled": True, "holder": "writer"}
        line |= {"frames": ["conflict"], "targets": [about | target]}
        facts = {"outlet": "Post", "country": "Brelland", "date": "2020-01-02", "register": "broadsheet"}
        return {"id": id_, **facts, "split": "train", "lines": [line]}

    incomplete = article("a2")
    del incomplete["lines"][0]["targets"][0]["party"]
    return Small(
        "partyline",
        {"articles.jsonl": lines_of_json(article("a1"), article("a2")), "parties.yaml": PARTIES.encode()},
        "articles.jsonl",
        20,
        lines_of_json(article("a1"), incomplete),
        lines_of_json(article("a1"), article("a2", stance="hostile")),
    )


def files() -> Small:
    head, rows = "text,target,stance\n", "Ann lied.,Ann,critical\nAnn is at the café.,Ann,neutral\n"
    return Small(
        "files",
        {"mine.csv": (head + rows).encode()},
        "mine.csv",
        12,
        (head.replace("stance", "side") + rows).encode(),
        (head + rows.replace("neutral", "mixed")).encode(),
    )


def hub() -> Small:
    rows = [{"text": "Ann lied.", "target": "Ann", "stance": "critical"}]
    rows += [{"text": "Ann is at the café.", "target": "Ann", "stance": "neutral"}]
    whole = lines_of_json(*rows)
    return Small(
        "hub",
        {"train.jsonl": whole},
        "train.jsonl",
        20,
        whole.replace(b'"stance"', b'"side"'),
        whole.replace(b'"neutral"', b'"mixed"'),
    )


def newsmtsc() -> Small:
    def row(id_: str, **change: Any) -> dict[str, Any]:
        plain = {"mention": "Ann", "polarity": -1.0, "from": 0, "to": 3, "sentence": "Ann lied."}
        return {**plain, "id": f"allsides_1_2_{id_}_Ann Lee_0_3", **change}

    files = {
        "newsmtsc-mt-hf/train.jsonl": lines_of_json(row("3"), row("4", polarity=1.0)),
        "newsmtsc-mt-hf/dev.jsonl": lines_of_json(row("5")),
        "newsmtsc-mt-hf/test.jsonl": lines_of_json(row("6")),
    }
    incomplete = {name: value for name, value in row("4").items() if name != "mention"}
    return Small(
        "newsmtsc",
        files,
        "newsmtsc-mt-hf/train.jsonl",
        20,
        lines_of_json(row("3"), incomplete),
        lines_of_json(row("3"), row("4", polarity=3.0)),
    )


def pstance() -> Small:
    head = "Tweet,Target,Stance\n"
    rows = '"Go, Joe!",Joe Biden,FAVOR\nNo café.,Joe Biden,AGAINST\n'
    files = {f"raw_{part}_biden.csv": (head + rows).encode() for part in ("train", "val", "test")}
    return Small(
        "pstance",
        files,
        "raw_train_biden.csv",
        12,
        (head.replace("Stance", "Side") + rows).encode(),
        (head + rows.replace("AGAINST", "NONE")).encode(),
        {"politician": "biden"},
    )


def vast() -> Small:
    head = (
        "author,post,ori_topic,new_topic,label,type_idx,new_id,arc_id,text,topic_str,seen?,contains_topic?\n"
    )
    rows = (
        'Ann,"Boats, not cafés.",boats,ferries,1,1,7,a1,"[[""boat""]]",ferry,1,0\n'
        "Bo,Soup again.,soup,ferries,2,3,9,a2,[],ferry,0,0\n"
    )
    files = {f"vast_{part}.csv": (head + rows).encode() for part in ("train", "dev", "test")}
    return Small(
        "vast",
        files,
        "vast_train.csv",
        8,
        (head.replace("new_topic", "topic") + rows).encode(),
        (head + rows.replace("ferries,2", "ferries,5")).encode(),
    )


def gvfc() -> Small:
    file, head = (
        "GVFC_headlines_and_annotations.xlsx",
        ["news_title", "Q1 Relevant", "Q3 Theme1", "Q3 Theme2"],
    )
    rows = [["Senate votes", 1, 3, 2], ["Shops shut", 1, 9, 99]]
    return Small(
        "gvfc",
        {file: workbook_of(head, *rows)},
        file,
        40,
        workbook_of([*head[:3], "Q4"], *rows),
        workbook_of(head, rows[0], ["Shops shut", 1, 10, 99]),
    )


def narrative_frames() -> Small:
    row = '{}\tWire\tleft_bias\t2019-01-08\tThe "odd" café.\tTrue\tFalse\t{}\tFalse\tFalse\n'
    files = {
        f"Fold_1/{part}.txt": (row.format(10 * n, "True") + row.format(10 * n + 1, "False")).encode()
        for n, part in enumerate(("train", "dev", "test"), start=1)
    }
    return Small(
        "narrative_frames",
        files,
        "Fold_1/train.txt",
        20,
        (row.format(10, "True") + row.format(11, "True").replace("\tFalse\n", "\n")).encode(),
        (row.format(10, "True") + row.format(11, "Maybe")).encode(),
    )


def semeval2016(subtask: str = "A") -> Small:
    head = "ID\tTarget\tTweet\tStance\tOpinion towards\tSentiment\r\n"
    row = '{}\tAtheism\tThe "café is open. #SemST\t{}\t1.  TARGET\tpos\r\n'
    rows = row.format(101, "AGAINST") + row.format(102, "NONE")
    files = {
        "trainingdata-all-annotations.txt": (head + rows).encode("latin-1"),
        "trialdata-all-annotations.txt": (head + row.format(1, "FAVOR")).encode("latin-1"),
        "testdata-taskA-all-annotations.txt": (head + row.format(10001, "FAVOR")).encode("latin-1"),
        "testdata-taskB-all-annotations.txt": (
            head + row.format(20001, "FAVOR").replace("Atheism", "Donald Trump")
        ).encode("latin-1"),
    }
    return Small(
        "semeval2016",
        files,
        "trainingdata-all-annotations.txt",
        30,
        (head.replace("Stance", "Side") + rows).encode("latin-1"),
        (head + rows.replace("NONE", "UNKNOWN")).encode("latin-1"),
        {"subtask": subtask},
    )


def tweeteval() -> Small:
    files = {}
    for part in ("train", "val", "test"):
        files[f"hillary/{part}_text.txt"] = (
            '@user no \u2028 "café" #SemST\n@user go #SemST\nRain. #SemST\n'.encode()
        )
        files[f"hillary/{part}_labels.txt"] = b"1\n2\n0\n"
    return Small(
        "tweeteval",
        files,
        "hillary/train_labels.txt",
        3,
        b"1\n2\n",
        b"1\n2\n3\n",
        {"target": "hillary"},
    )


def xstance() -> Small:
    def row(id_: int, language: str = "de", **change: Any) -> dict[str, Any]:
        plain = {
            "id": id_,
            "language": language,
            "question_id": 7,
            "question": "Soll es mehr Fähren geben?",
            "comment": "Nein, das geht nicht.",
            "label": "AGAINST",
            "numerical_label": 0,
            "author": f"c{id_}",
            "topic": "Transport",
        }
        return plain | change

    files = {
        "train.jsonl": lines_of_json(row(1), row(2, "fr", label="FAVOR")),
        "valid.jsonl": lines_of_json(row(3)),
        "test.jsonl": lines_of_json(
            row(4, test_set="new_comments_defr"),
            row(5, test_set="new_topics_defr"),
            row(6, "it", test_set="new_questions_it"),
        ),
    }
    incomplete = {name: value for name, value in row(2).items() if name != "label"}
    return Small(
        "xstance",
        files,
        "train.jsonl",
        30,
        lines_of_json(row(1), incomplete),
        lines_of_json(row(1), row(2, label="NEUTRAL")),
    )
