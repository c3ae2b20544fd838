from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from articles.toy_models import ARTICLE, REGISTRY, model

from harness.articles import labelled_articles
from harness.articles.article_files import ArticleText
from harness.articles.labelled_articles import ArticleReader, LabelledArticle
from harness.articles.table_writer import flat_rows
from harness.classifiers.protocol import Example
from harness.serving.contract import Holders
from harness.values.errors import ModelError

TEXT = ArticleText("a.txt", ARTICLE, outlet="Ledger", date="2030-05-01")


def label(**options: object) -> LabelledArticle:
    settings = {"registry": REGISTRY, "stance": model(), "frames": model("framing")} | options
    return next(ArticleReader(**settings).label([TEXT]))  # type: ignore[arg-type]


def test_every_party_of_a_sentence_has_one_row_with_its_holder_and_labels() -> None:
    rows = [
        (row.sentence.number, row.mention.party, row.holder.label, row.labels.stance, row.labels.frames)
        for row in label().mentions
    ]
    assert rows == [
        (1, "Varna", "writer", "neutral", ("conflict",)),
        (2, "Ostrel", "Ostrel", "critical", ("conflict",)),
        (2, "Varna", "Ostrel", "critical", ("conflict",)),
        (3, "Varna", "Ostrel", "critical", ()),
        (3, "Ostrel", "Ostrel", "critical", ()),
        (4, "Ostrel", "Ostrel", "supportive", ()),
        (4, "<script>alert(1)</script>", "Ostrel", "supportive", ()),
        (6, "Varna", "writer", "neutral", ()),
    ]


def test_flat_rows_have_offsets_into_the_original() -> None:
    for row in flat_rows(label()):
        sentence = ARTICLE[row["start"] : row["end"]]
        assert sentence == row["text"]
        assert sentence[row["target_start"] : row["target_end"]]
    assert list(flat_rows(label())[0]) == [
        "article", "outlet", "date", "sentence", "paragraph", "kind", "part", "start", "end", "text",
        "target", "target_start", "target_end", "how", "sure", "holder", "holder_kind", "holder_via",
        "quoted",
        "own_voice", "stance", "p_critical", "p_neutral", "p_supportive", "abstain", "frames",
        "frames_unsure", "p_conflict", "p_human_interest", "p_economic_consequences", "p_morality",
        "p_responsibility",
    ]  # fmt: skip


def test_only_the_parties_of_interest_have_rows() -> None:
    assert {row.mention.party for row in label(only=frozenset({"Varna"})).mentions} == {"Varna"}


def test_frames_are_computed_once_a_sentence() -> None:
    frames = model("framing")
    label(frames=frames)
    assert frames.engine.classifier.rows == 5  # type: ignore[attr-defined]


def test_without_models_labels_stay_empty() -> None:
    rows = flat_rows(label(stance=None, frames=None))
    assert "stance" not in rows[0]
    assert "frames" not in rows[0]


def test_a_model_for_the_other_task_is_refused() -> None:
    with pytest.raises(ModelError, match="models:/framing@champion .*framing.* stance"):
        ArticleReader(REGISTRY, model("framing"))


def test_the_model_may_abstain() -> None:
    assert {row.labels.abstain for row in label(stance=model(below=0.75)).mentions} == {True, False}


def test_words_are_weighed_by_leaving_them_out() -> None:
    rows = label(explain=True).mentions
    (word,) = rows[1].labels.words
    # "critical" falls from 0.7 to 0.1 without "blamed", and by nothing without any other word.
    assert (word.text, word.method, round(word.weight, 3)) == ("blamed", "occlusion", 0.6)
    assert rows[0].labels.words == ()


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        ("none", {None}),
        ("quoted", {None, "Ostrel"}),
        ("all", {"writer", "Ostrel"}),
    ],
)
def test_the_model_is_told_whose_stance_it_is_as_in_its_training(
    holders: Holders, expected: set[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stance = model(holders=holders)
    shown: set[str | None] = set()

    def predict_proba(examples: Sequence[Example]) -> Any:
        shown.update(example.holder for example in examples)
        return np.full((len(examples), 3), [0.1, 0.8, 0.1])

    monkeypatch.setattr(stance.engine.classifier, "predict_proba", predict_proba)
    # What is left out to weigh words is labelled with the same holder.
    label(stance=stance, explain=True)
    assert shown == expected


def test_articles_are_labelled_together_and_handed_on_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled_articles, "BATCH_ROWS", 20)
    stance = model()
    n_read = 0

    def articles() -> Iterator[ArticleText]:
        nonlocal n_read
        for number in range(7):
            n_read += 1
            # Each article differs, since equal rows are computed once.
            yield ArticleText(str(number), ARTICLE.replace(".", f" in round {number}."))

    labelled = ArticleReader(REGISTRY, stance).label(articles())
    assert next(labelled).article.id == "0"
    # Three articles of eight rows fill a batch of twenty; no more are held.
    assert n_read == 3
    assert [each.article.id for each in labelled] == list("123456")
    assert stance.engine.classifier.calls == 3  # type: ignore[attr-defined]


def test_a_title_is_labelled_and_marked() -> None:
    (article,) = ArticleReader(REGISTRY, model()).label([ArticleText("x", "It rained.", title="Varna wins")])
    (row,) = flat_rows(article)
    assert (row["part"], row["kind"], row["start"], row["end"], row["stance"]) == (
        "title", "headline", 0, 10, "neutral",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "🙂" * 3000,
        "x" * 20_000,
        "\u202eVarna\u202c " * 50,
        "قال الرئيس. " * 100 + "Varna.",
        "Varna\u0000 won.",
    ],
    ids=["emoji", "one word", "overrides", "arabic", "null"],
)
def test_what_is_no_prose_is_labelled(text: str) -> None:
    (article,) = ArticleReader(REGISTRY, model(), model("framing"), explain=True).label(
        [ArticleText("x", text)]
    )
    assert all(row.sentence.text for row in article.mentions)


def test_what_was_labelled_before_has_no_influence() -> None:
    stance = model()
    reader = ArticleReader(REGISTRY, stance)
    for _ in range(2):
        assert len(list(reader.label([TEXT]))) == 1
    # The second time nothing comes from the cache, so that rows are computed in the same company.
    assert stance.engine.classifier.calls == 2  # type: ignore[attr-defined]
