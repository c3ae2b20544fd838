from __future__ import annotations

import numpy as np
import pytest

from harness.classifiers.encoder import losses, prediction
from harness.classifiers.encoder.batching import (
    TokenizedRows,
    Tokenizer,
    batches,
    random_order,
    sorted_order,
)
from harness.classifiers.encoder.options import Regularization
from harness.classifiers.encoder.prediction import device
from harness.classifiers.protocol import Example, Target
from harness.values.labels import STANCE, LabelSet
from tests.classifiers import tiny_models

FRAMES = LabelSet(("conflict", "morality"), multi=True)


def tokenizer(target: Target = "marked_pair", limit: int = 16) -> Tokenizer:
    return Tokenizer(tiny_models.tokenizer(), target, limit)


def words(rows: TokenizedRows, row: int = 0) -> str:
    return " ".join(tiny_models.tokenizer().convert_ids_to_tokens(rows.tokens[row].tolist()))


def mention(rows: TokenizedRows, row: int = 0) -> list[int]:
    return np.flatnonzero(rows.targets[row]).tolist()


def test_a_row_holds_the_marked_sentence_and_the_name() -> None:
    rows = tokenizer()([Example("the union won .", "union", ((4, 9),))])
    assert words(rows) == "<cls> the [ union ] won . <sep> union <sep>"
    assert rows.segments[0].tolist() == [0] * 8 + [1] * 2
    # The name in the second text is not the mention.
    assert mention(rows) == [3]


def test_a_row_of_several_words_and_several_mentions() -> None:
    text = "coast union said the coast union won"
    rows = tokenizer("pair")([Example(text, "coast union", ((21, 32), (0, 11)))])
    assert mention(rows) == [1, 2, 5, 6]


def test_rows_of_the_limit_are_whole_and_one_more_is_cut() -> None:
    # 4 tokens of the window are <cls>, <sep>, union, <sep>; the text with marks has 12, then 13 tokens.
    exact = "union " + "good " * 9
    for text, expected in ((exact, "[ union ]" + " good" * 9), (exact + "bad", "[ union ]" + " good" * 9)):
        rows = tokenizer()([Example(text, "union", ((0, 5),))])
        assert words(rows) == f"<cls> {expected} <sep> union <sep>"
        assert rows.lengths.tolist() == [16]


@pytest.mark.parametrize("before", [0, 1, 6, 11, 12, 13, 40, 5000])
def test_the_window_keeps_the_target_wherever_it_stands(before: int) -> None:
    text = "good " * before + "union" + " bad" * 40
    start = 5 * before
    rows = tokenizer()([Example(text, "union", ((start, start + 5),))])
    assert rows.lengths.tolist() == [16]
    assert "[ union ]" in words(rows)
    assert [tiny_models.WORDS[rows.tokens[0][at] - 5] for at in mention(rows)] == ["union"]


@pytest.mark.parametrize("after", [0, 1, 5, 6])
def test_the_window_does_not_run_off_the_end(after: int) -> None:
    text = "good " * 40 + "union" + " bad" * after
    rows = tokenizer()([Example(text, "union", ((200, 205),))])
    # 12 tokens of text are free, 3 of them for the mention and its marks; with 4 or 5 on each side.
    behind = min(after, 5)
    assert words(rows) == f"<cls>{' good' * (9 - behind)} [ union ]{' bad' * behind} <sep> union <sep>"


def test_a_mention_longer_than_the_window_is_cut() -> None:
    rows = tokenizer("marked")([Example("good " * 30, "x", ((0, 149),))])
    assert rows.lengths.tolist() == [16]
    assert words(rows).startswith("<cls> [ good good")


@pytest.mark.parametrize(("names", "pair_length"), [(7, 7), (8, 8), (9, 8), (500, 8)])
def test_a_page_long_name_leaves_half_of_the_row_to_the_sentence(names: int, pair_length: int) -> None:
    rows = tokenizer("pair")([Example("good " * 5, " ".join(["union"] * names))])
    assert words(rows) == f"<cls>{' good' * min(13 - pair_length, 5)} <sep>{' union' * pair_length} <sep>"


def test_without_a_mention_the_window_is_the_beginning() -> None:
    rows = tokenizer("none")([Example("union " + "good " * 40)])
    assert words(rows) == "<cls> union" + " good" * 13 + " <sep>"


def test_every_row_is_in_one_batch_and_no_batch_is_over_its_budget() -> None:
    lengths = np.random.default_rng(1).integers(3, 60, size=500)
    for order in (sorted_order(lengths, 200), random_order(lengths, 200, np.random.default_rng(2))):
        assert sorted(np.concatenate(order).tolist()) == list(range(500))
        assert max(len(chosen) * lengths[chosen].max() for chosen in order) <= 200


def test_a_row_over_the_budget_is_a_batch_of_its_own() -> None:
    assert [rows.tolist() for rows in sorted_order(np.array([5, 50, 5]), 10)] == [[1], [0, 2]]
    assert [rows.tolist() for rows in sorted_order(np.array([5, 50, 6]), 10)] == [[1], [2], [0]]


def test_random_batches_waste_little_and_differ_by_generator() -> None:
    lengths = np.random.default_rng(1).integers(3, 60, size=2000)
    first = random_order(lengths, 32 * 30, np.random.default_rng(2))
    second = random_order(lengths, 32 * 30, np.random.default_rng(3))
    padded = sum(len(chosen) * lengths[chosen].max() for chosen in first)
    assert lengths.sum() / padded > 0.95
    assert [rows.tolist() for rows in first] != [rows.tolist() for rows in second]


def test_no_rows_are_no_batches() -> None:
    assert sorted_order(np.array([], dtype=np.int64), 10) == []


def test_batches_are_padded_to_their_longest_row() -> None:
    rows = tokenizer("marked")([Example("good", "union"), Example("the union won", "union", ((4, 9),))])
    (batch,) = batches(rows, [np.array([1, 0])], padding=9)
    assert batch.tokens.shape == (2, 7)
    assert batch.attention.tolist() == [[1] * 7, [1] * 5 + [0] * 2]
    assert batch.tokens[1, 5:].tolist() == [9, 9]
    assert batch.targets[0].tolist() == [False, False, False, True, False, False, False]


def test_macro_f1_is_over_all_labels() -> None:
    # critical: 2·1/(2+1) = 2/3; neutral: 2·1/(1+2) = 2/3; supportive, which does not occur: 0.
    truth, predicted = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert prediction.f1_macro(truth, predicted, STANCE) == pytest.approx(4 / 9)
    both = np.array([[1, 0], [1, 0]]), np.array([[1, 1], [0, 0]])
    # conflict: 2·1/(2+1) = 2/3; morality: 0/(0+1) = 0.
    assert prediction.f1_macro(*both, FRAMES) == pytest.approx(1 / 3)


def test_probabilities_of_far_out_scores() -> None:
    single = prediction.probabilities(np.array([[0.0, np.log(3), -2000.0], [1e4, 0, 0]]), STANCE)
    assert single == pytest.approx(np.array([[0.25, 0.75, 0], [1, 0, 0]]))
    several = prediction.probabilities(np.array([[np.log(3), -1e4]]), FRAMES)
    assert several == pytest.approx(np.array([[0.75, 0]]))


def test_mean_loss_is_the_negative_log_of_the_probability_of_the_truth() -> None:
    proba = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    # (ln 2 + ln 10) / 2
    assert prediction.mean_loss(proba, np.array([0, 2]), STANCE) == pytest.approx(np.log(20) / 2)
    # (ln 2 + ln 4) / 2
    assert prediction.mean_loss(np.array([[0.5, 0.75]]), np.array([[1, 0]]), FRAMES) == pytest.approx(
        np.log(8) / 2
    )


def test_class_weights_lift_the_rare_label() -> None:
    import torch

    codes = np.array([0, 0, 0, 1, 2, 2])
    raw, truth = torch.zeros(2, 3, device=device()), np.array([0, 1])
    raw[0, 0] = 2.0
    losses_of = []
    for power in (0.0, 1.0):
        loss = losses.loss_for(STANCE, codes, Regularization(label_smoothing=0.0, class_weights=power))
        losses_of.append(loss.total(raw, torch.from_numpy(truth).to(device())).item() / loss.mass(truth))
    # Row 0: -ln(e²/(e²+2)) = 0.2395; row 1: ln 3 = 1.0986. Weights 2/3 and 2, so (0.1597 + 2.1972) / 2.667.
    assert losses_of == pytest.approx([(0.2395 + 1.0986) / 2, (0.1597 + 2.1972) / (8 / 3)], abs=1e-3)
