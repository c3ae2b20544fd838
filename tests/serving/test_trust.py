"""A model's card in, one line out; the same wherever labels are shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from articles.toy_models import model
from golden import Golden
from typer.testing import CliRunner

import harness
from harness.cli import main as cli
from harness.config.promotion_policy import ACTIONS
from harness.serving.contract import Contract
from harness.serving.decisions.abstention_rule import SERVES_NOTHING
from harness.serving.inference import Together
from harness.serving.trust import FAILURES, FILE, ModelCard, trust_line, trust_lines
from harness.tracking.promotion import PromotionRequest, promote
from harness.tracking.store import Store
from harness.values.errors import ModelError
from harness.values.labels import STANCE

CARD = ModelCard(
    *("linear", "partyline", "invented", ("en",), "f1_macro", 0.555, 0.502, 0.601, 448),
    failed=("party swap", "behaviour"),
    warned=("sensitivity",),
    n_audits=7,
    abstains_below=0.625,
)
CONTRACT = Contract("stance", STANCE, "x:y", trained_on={"corpus": "old"}, classifier={"name": "linear"})
CARDS = {
    "full": CARD,
    "passed": replace(CARD, failed=(), warned=(), abstains_below=None),
    "not audited": replace(CARD, failed=(), warned=(), n_audits=0, abstains_below=SERVES_NOTHING),
    "risk not met": replace(CARD, abstains_below=SERVES_NOTHING, unmet_risk=0.2),
    "risk not met, served": replace(CARD, abstains_below=None, unmet_risk=0.2),
    "no interval, no origin": replace(CARD, low=float("nan"), high=float("nan"), origin="", languages=()),
    "few test items": replace(CARD, n_items=19, abstains_below=None),
    "most audits do not apply": replace(CARD, failed=(), warned=(), n_audits=2, undecided=1, inapplicable=5),
    "coverage known": replace(CARD, failed=(), warned=(), coverage=0.46, risk=0.28),
    "refuses": replace(CARD, failed=(), warned=(), unanswered=0.168),
    "refuses seldom": replace(CARD, failed=(), warned=(), unanswered=0.004),
    "always answers": replace(CARD, failed=(), warned=(), unanswered=0.0),
    "one warning": replace(CARD, failed=(), warned=("leaks",), n_audits=1),
    "one failed": replace(CARD, failed=("leaks",), warned=(), n_audits=1),
    "none decided": replace(CARD, failed=(), warned=(), n_audits=1, undecided=1, inapplicable=6),
    "packed before there were cards": ModelCard.of_contract(CONTRACT),
    "nothing known": ModelCard("", ""),
}


def test_what_the_line_says(golden: Golden) -> None:
    golden("serving/trust", "\n".join(f"{name}: {trust_line(card)}" for name, card in CARDS.items()))


def test_every_audit_says_what_it_means_to_fail_it() -> None:
    assert set(FAILURES) == {audit.replace("_", " ") for audit in ACTIONS}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_read_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    CARDS[name].write(tmp_path)
    # NaN is unequal to itself: the lines compare.
    assert repr(ModelCard.read(tmp_path, CONTRACT)) == repr(CARDS[name])


def test_a_model_without_a_card_is_described_by_its_contract(tmp_path: Path) -> None:
    card = ModelCard.read(tmp_path, CONTRACT)
    assert (card.corpus, card.classifier, card.failed) == ("old", "linear", None)
    assert model(below=0.7).card.abstains_below == 0.7


@pytest.mark.parametrize("text", ["{", "[]x", '{"classifier": "a"}'])
def test_a_damaged_card_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="card.json is damaged"):
        ModelCard.read(tmp_path, CONTRACT)


def test_of_two_models_each_has_its_line() -> None:
    lines = Together(model("stance"), model("framing")).trust
    assert [line.partition(":")[0] for line in lines] == ["stance", "frames"]
    assert trust_lines({"stance": CARD}) == [trust_line(CARD)]


@pytest.mark.parametrize("output", ["labelled.csv", "-"])
def test_predict_ends_with_the_line(trained: Path, output: str) -> None:
    promote(Store.open(trained), "toys", PromotionRequest(classifier="verbs"))
    rows = "text,target\nCritics blasted Harbour Party.,Harbour Party\n"
    answer = CliRunner().invoke(cli.app, ["predict", "-o", output], input=rows, catch_exceptions=False)
    line = trust_line(harness.load("models:/stance@champion").card)
    assert answer.stderr.splitlines()[-1] == line
    # Not among the rows, which another program may read.
    assert line not in answer.stdout
