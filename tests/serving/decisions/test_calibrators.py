from __future__ import annotations

import json
import math

import numpy as np
import pytest
from golden import Golden
from scipy.stats import entropy

from harness.evaluation.decisions import calibrator_fitting
from harness.scoring.metrics.calibration import brier
from harness.serving.decisions import calibrators
from harness.serving.decisions.calibrators import Platt, Temperature, Unchanged, tempered
from harness.values.labels import LabelSet
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, calibrated, codes_of, sharpened

KINDS = ("temperature", "platt", "isotonic", "none")
PAIR = LabelSet(("a", "b"))


def overconfident(labels: LabelSet, n: int, power: float, root: int = 0) -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(root)
    proba = calibrated(labels, n, stream)
    return sharpened(labels, proba, power), codes_of(labels, proba, stream)


def test_temperature_one_changes_no_bit_and_two_takes_the_root() -> None:
    proba = np.array([[0.1, 0.2, 0.7]])
    assert tempered(proba, [1.0], multi=False) is proba
    root = np.sqrt(proba)
    assert tempered(proba, [2.0], multi=False) == pytest.approx(root / root.sum(), abs=1e-9)
    # One label alone: odds 4 : 1 become 2 : 1; the other's stay.
    out = tempered(np.array([[0.8, 0.8]]), [2.0, 1.0], multi=True)
    assert out == pytest.approx(np.array([[2 / 3, 0.8]]), abs=1e-9)


def test_temperature_keeps_zero_and_one_finite() -> None:
    for multi in (False, True):
        out = tempered(np.array([[0.0, 1.0]]), [0.5], multi=multi)
        assert np.isfinite(out).all()
        assert out.argmax() == 1


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("labels", [SINGLE, MULTI])
def test_the_temperature_is_recovered(labels: LabelSet, power: float) -> None:
    fitted, notes = calibrator_fitting.fit("temperature", *overconfident(labels, 4000, power), labels)
    assert isinstance(fitted, Temperature)
    assert fitted.temperatures == pytest.approx([power] * len(fitted.temperatures), rel=0.12)
    assert notes == ()


def test_the_temperature_of_two_kinds_of_rows_by_hand() -> None:
    """Predicted with 0.9 each time, right 7 times in 10: without the prior the best probability is 0.7.

    log odds 2.197 / T = 0.847 gives T = 2.593; the prior draws it a little toward 1, less with more rows.
    """
    proba = np.tile([[0.9, 0.1]], (10_000, 1))
    truth = np.array([0] * 7 + [1] * 3).repeat(1000)
    fitted, _ = calibrator_fitting.fit("temperature", proba, truth, PAIR)
    assert isinstance(fitted, Temperature)
    assert fitted.temperatures[0] == pytest.approx(math.log(9) / math.log(7 / 3), rel=1e-3)
    fewer, _ = calibrator_fitting.fit("temperature", proba[::500], truth[::500], PAIR)
    assert isinstance(fewer, Temperature)
    assert 1 < fewer.temperatures[0] < fitted.temperatures[0]


def test_rows_that_are_all_right_leave_the_temperature_finite() -> None:
    proba = np.tile([[0.9, 0.1]], (50, 1))
    fitted, _ = calibrator_fitting.fit("temperature", proba, np.zeros(50, dtype=np.int64), PAIR)
    assert isinstance(fitted, Temperature)
    assert 0.1 < fitted.temperatures[0] < 1


def test_platt_by_hand() -> None:
    """40 rows at 0.8, 30 of them true; 40 at 0.2, 10 true. Targets are softened: 41/42 and 1/42.

    Two points determine the line. At 0.8 the mean target is (30 · 41 + 10 · 1) / 42 / 40 = 0.7381, at 0.2 it
    is (10 · 41 + 30) / 42 / 40 = 0.2619; log odds ±1.0361 over ±1.3863 give a slope of 0.7474 through 0.
    """
    proba = np.repeat([[0.8], [0.2]], 40, axis=0)
    truth = np.array([1] * 30 + [0] * 10 + [1] * 10 + [0] * 30)[:, None]
    fitted, _ = calibrator_fitting.fit("platt", proba, truth, LabelSet(("a",), multi=True))
    assert isinstance(fitted, Platt)
    assert fitted.slopes == pytest.approx([0.7474], abs=2e-3)
    assert fitted.intercepts == pytest.approx([0.0], abs=2e-3)
    assert fitted.apply(proba, multi=True)[0] == pytest.approx([0.7381], abs=1e-3)


def test_platt_reverses_no_ranking() -> None:
    """A classifier that gives 0.8 to the rows without the label is worth no more than the label's frequency.

    That is the mean of the softened targets: (20 · 21/22 + 60 · 1/62) / 80 = 0.2507.
    """
    proba = np.repeat([[0.8], [0.2]], 40, axis=0)
    truth = np.array([0] * 40 + [1] * 20 + [0] * 20)[:, None]
    fitted, _ = calibrator_fitting.fit("platt", proba, truth, LabelSet(("a",), multi=True))
    assert fitted.apply(proba, multi=True).ravel() == pytest.approx([0.2507] * 80, abs=1e-3)


def test_isotonic_by_hand() -> None:
    """Ten rows at 0.2 with 4 true, ten at 0.4 with 2, ten at 0.9 with 9: the first two are pooled to 0.3."""
    proba = np.repeat([[0.2], [0.4], [0.9]], 10, axis=0)
    truth = np.array([1] * 4 + [0] * 6 + [1] * 2 + [0] * 8 + [1] * 9 + [0])[:, None]
    fitted, _ = calibrator_fitting.fit("isotonic", proba, truth, LabelSet(("a",), multi=True))
    calibrated = fitted.apply(np.array([[0.0], [0.2], [0.4], [0.65], [0.9], [1.0]]), multi=True)
    assert calibrated.ravel() == pytest.approx([0.3, 0.3, 0.3, 0.6, 0.9, 0.9], abs=1e-12)


def test_isotonic_is_never_certain() -> None:
    proba = np.repeat([[0.2], [0.9]], 10, axis=0)
    truth = np.array([0] * 10 + [1] * 10)[:, None]
    fitted, _ = calibrator_fitting.fit("isotonic", proba, truth, LabelSet(("a",), multi=True))
    assert fitted.apply(proba, multi=True)[[0, -1], 0] == pytest.approx([1 / 22, 21 / 22], abs=1e-12)


@pytest.mark.parametrize("labels", [SINGLE, MULTI])
@pytest.mark.parametrize("kind", KINDS[:3])
def test_overconfident_probabilities_are_better_on_fresh_rows(kind: str, labels: LabelSet) -> None:
    fitted, _ = calibrator_fitting.fit(kind, *overconfident(labels, 400, 3.0), labels)
    proba, truth = overconfident(labels, 2000, 3.0, root=1)
    before = brier(truth, proba, truth).mean()
    assert brier(truth, fitted.apply(proba, multi=labels.multi), truth).mean() < before - 0.01


@pytest.mark.parametrize(
    ("with_label", "unchanged"),
    [(calibrator_fitting.MIN_PER_LABEL - 1, True), (calibrator_fitting.MIN_PER_LABEL, False)],
)
def test_a_label_with_few_rows_stays_as_it_was(with_label: int, unchanged: bool) -> None:
    proba, truth = overconfident(MULTI, 100, 3.0)
    truth[:, 1] = np.arange(100) < with_label
    fitted, notes = calibrator_fitting.fit("temperature", proba, truth, MULTI)
    assert isinstance(fitted, Temperature)
    assert (fitted.temperatures[1] == 1.0) is unchanged
    assert ["morality" in note and f" {calibrator_fitting.MIN_PER_LABEL} " in note for note in notes] == (
        [True] if unchanged else []
    )


@pytest.mark.parametrize(("n", "unchanged"), [(9, True), (10, False), (0, True)])
def test_a_handful_of_rows_calibrates_nothing(n: int, unchanged: bool) -> None:
    fitted, notes = calibrator_fitting.fit(
        "temperature", *(part[:n] for part in overconfident(SINGLE, 50, 3.0)), SINGLE
    )
    assert isinstance(fitted, Unchanged) is unchanged
    assert [f" {n} " in note for note in notes] == ([True] if unchanged else [])


@pytest.mark.parametrize("labels", [SINGLE, MULTI])
@pytest.mark.parametrize("kind", KINDS)
def test_a_map_is_plain_data(kind: str, labels: LabelSet) -> None:
    fitted, _ = calibrator_fitting.fit(kind, *overconfident(labels, 60, 2.0), labels)
    assert calibrators.read(json.loads(json.dumps(fitted.plain())), labels) == fitted


DAMAGED: dict[str, tuple[dict[str, object], str]] = {
    "two temperatures": ({"kind": "temperature", "temperatures": [1.0, 2.0]}, r"2 .* 1"),
    "no finite temperature": ({"kind": "temperature", "temperatures": [math.inf]}, r"\binf"),
    "a negative slope": (
        {"kind": "platt", "slopes": [1, 1, -0.1], "intercepts": [0, 0, 0]},
        r"slope .*-0\.1",
    ),
    "two intercepts": ({"kind": "platt", "slopes": [1, 1, 1], "intercepts": [0, 0]}, r"3 slopes .*2 inter"),
    "no intercept": (
        {"kind": "platt", "slopes": [1, 1, 1], "intercepts": [0, 0, math.nan]},
        r"intercept .*nan",
    ),
    "knots that fall": ({"kind": "isotonic", "knots": [[[0.1, 0.9], [0.5, 0.4]]] * 3}, r"\bknots"),
    "a knot above 1": ({"kind": "isotonic", "knots": [[[0.1, 0.9], [0.5, 1.4]]] * 3}, r"knot .*1\.4"),
    "no knots": ({"kind": "isotonic", "knots": [[[], []]] * 3}, r"\bknots"),
    "an unknown kind": ({"kind": "magic"}, "'magic'"),
}


def test_damaged_data_are_refused(golden: Golden) -> None:
    lines = []
    for case, (data, key) in DAMAGED.items():
        with pytest.raises(ValueError, match=key) as caught:
            calibrators.read(data, SINGLE)
        lines.append(f"{case}: {caught.value}")
    golden("serving/damaged-calibrators", "\n".join(lines))


def test_flat_probabilities_stay_probabilities() -> None:
    """A classifier that answers every row alike, certain or not, breaks nothing."""
    truth = np.arange(60) % 3
    for row in ([1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]):
        proba = np.tile(row, (60, 1))
        for kind in KINDS[:3]:
            fitted, _ = calibrator_fitting.fit(kind, proba, truth, SINGLE)
            out = fitted.apply(proba, multi=False)
            assert out.sum(axis=1) == pytest.approx(np.ones(60), abs=1e-9)
            assert entropy(out[0]) > 0.95, f"{kind} does not see that every label is as likely"
