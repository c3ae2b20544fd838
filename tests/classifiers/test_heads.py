from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from harness.classifiers.heads import Head, Link, logistic, svm
from harness.values.errors import ClassifierError
from harness.values.labels import STANCE, LabelSet

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)
Fit = Callable[..., Head]


def clusters(n: int, labels: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rows in clusters, one per label."""
    codes = np.arange(n) % labels
    return np.eye(labels)[codes] * 4 + np.random.default_rng(0).normal(size=(n, labels)), codes


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        # Scores 0, ln 2 and ln 3 are as 1 : 2 : 3.
        ("softmax", [1 / 6, 2 / 6, 3 / 6]),
        # 1 / (1 + 1/x): 1/2, 2/3 and 3/4.
        ("sigmoid", [1 / 2, 2 / 3, 3 / 4]),
        # The same over their sum, 23/12.
        ("shares", [6 / 23, 8 / 23, 9 / 23]),
    ],
)
def test_scores_become_probabilities(link: Link, expected: list[float]) -> None:
    head = Head(np.array([[0.0, math.log(2), 0.0]]), np.array([0.0, 0.0, math.log(3)]), link)
    np.testing.assert_allclose(head.proba(np.array([[1.0]])), [expected], rtol=1e-12)


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "shares"])
def test_large_scores_stay_probabilities(link: Link) -> None:
    head = Head(np.array([[1e4, -1e4, 0.0]]), np.array([0.0, 0.0, -np.inf]), link)
    proba = head.proba(np.array([[1.0], [-1.0], [0.0]]))
    assert np.isfinite(proba).all()
    assert proba[:, 2].max() < 1e-200


def test_where_no_label_is_likely_all_get_equal_shares() -> None:
    head = Head(np.zeros((1, 4)), np.full(4, -np.inf), "shares")
    assert head.proba(np.ones((1, 1))).tolist() == [[0.25] * 4]


@pytest.mark.parametrize("fit", [logistic, svm])
@pytest.mark.parametrize("labels", [PAIR, STANCE], ids=["two labels", "three labels"])
def test_separable_labels_are_separated(fit: Fit, labels: LabelSet) -> None:
    rows, codes = clusters(60, len(labels))
    for features in (rows, csr_matrix(rows)):
        proba = fit(features, codes, labels, C=1.0).proba(features)
        assert (proba.argmax(axis=1) == codes).mean() > 0.95
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("fit", [logistic, svm])
def test_labels_of_a_multi_label_task_are_fitted_separately(fit: Fit) -> None:
    rows = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 5)
    codes = rows.astype(np.int64)
    head = fit(rows, codes, FRAMES, C=100.0)
    assert head.link == "sigmoid"
    assert ((head.proba(rows) >= 0.5) == codes).all()


@pytest.mark.parametrize("fit", [logistic, svm])
def test_a_label_that_no_row_has_gets_nothing(fit: Fit) -> None:
    rows, codes = clusters(20, 2)
    proba = fit(rows, codes * 2, STANCE, C=1.0).proba(rows)
    assert proba[:, 1].max() < 1e-200
    assert fit(rows, codes * 0 + 2, STANCE, C=1.0).proba(rows)[:, 2].tolist() == [1.0] * 20


@pytest.mark.parametrize("fit", [logistic, svm])
def test_a_label_that_every_row_has_is_certain_and_one_that_none_has_impossible(fit: Fit) -> None:
    rows, _ = clusters(4, 2)
    proba = fit(rows, np.array([[1, 0]] * 4), FRAMES, C=1.0).proba(rows)
    assert proba.tolist() == [[1, 0]] * 4


def test_a_single_row_of_a_class_suffices_for_margins() -> None:
    rows = np.array([[0.0], [0.1], [0.2], [5.0]])
    proba = svm(rows, np.array([0, 0, 0, 1]), PAIR, C=1.0).proba(rows)
    assert proba[3, 1] > proba[:3, 1].max()


@pytest.mark.parametrize("fit", [logistic, svm])
def test_balanced_lifts_the_rare_label(fit: Fit) -> None:
    rows, codes = clusters(60, 2)
    rare = np.flatnonzero((codes == 0) | (np.arange(60) < 8))
    plain, even = (
        fit(rows[rare], codes[rare], PAIR, C=0.001, balanced=balanced).proba(rows)[:, 1].mean()
        for balanced in (False, True)
    )
    if fit is logistic:
        assert even > plain + 0.1
    else:
        # Platt scaling restores the shares of training, whatever the weights of the margins.
        assert abs(even - plain) < 0.1


def test_platt_scaling_is_done_on_margins_of_held_out_rows() -> None:
    # Every row has its own column: in training the margins are perfect, on other rows they are noise.
    rows, codes = np.eye(40), np.arange(40) % 2
    proba = svm(rows, codes, PAIR, C=10.0).proba(rows)
    assert np.abs(proba - 0.5).max() < 0.2


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "shares"])
def test_what_was_written_is_read(tmp_path: Path, link: Link) -> None:
    head = Head(np.array([[0.1, -0.2, 1e-17]]), np.array([0.3, -np.inf, np.inf]), link)
    head.write(tmp_path)
    again = Head.read(tmp_path, STANCE)
    assert again.link == link
    assert again.weights.tobytes() == head.weights.tobytes()
    assert again.bias.tobytes() == head.bias.tobytes()


def test_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    Head(np.zeros((1, 3)), np.zeros(3), "softmax").write(tmp_path)
    with pytest.raises(ClassifierError, match=r"head\.npz .*\b3\b.* 2$"):
        Head.read(tmp_path, PAIR)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    Head(np.zeros((1000, 3)), np.zeros(3), "softmax").write(tmp_path)
    path = tmp_path / "head.npz"
    whole = path.read_bytes()
    for length in (0, 3, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ClassifierError, match=r"head\.npz"):
            Head.read(tmp_path, STANCE)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    arrays = {"weights": np.array([[object()]]), "bias": np.zeros(3), "link": np.array("softmax")}
    np.savez(tmp_path / "head.npz", **arrays)
    with pytest.raises(ClassifierError, match=r"head\.npz .*allow_pickle=False"):
        Head.read(tmp_path, STANCE)
