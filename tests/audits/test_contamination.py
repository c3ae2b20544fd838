"""Language models that know test sentences by heart, and some that do not."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.audits import contamination
from harness.audits.contamination import MARGIN, Probe, judged, probes
from harness.audits.paraphrases import SYNONYMS, paraphrased
from harness.classifiers.llm.completing import Beginning, overlap
from harness.runs.contamination import contamination as probe
from harness.tracking.store import Store
from harness.values.errors import ClassifierError, ConfigError, StoreError
from harness.values.findings import Finding
from tests.classifiers.llm.stub_server import Played, Request, chat, serving

PARTIES = ["Coastal Union", "Harbour Party", "Hill League", "Varna Front"]
PARTS = (
    ["said", "answered", "warned", "claimed"],
    ["on Monday", "at noon", "last week", "in March"],
    ["the big", "the new", "the difficult", "the second"],
    ["bridge", "tariff", "harbour", "railway", "budget"],
    ["would often", "would hardly", "could quickly", "should not"],
    ["help", "burden", "split", "allow", "serve"],
    ["a small", "an important", "a distant", "a rich"],
    ["village", "company", "country", "valley", "island"],
    ["because", "while", "although", "unless"],
    ["ferries", "farmers", "schools", "taxes"],
    ["were not", "had been", "are nearly"],
    ["ready", "forgotten", "doubled", "cheaper"],
)
CONFIG = """
name: probed
corpus: {{kind: files, path: sentences.csv, language: en}}
audits: []
classifiers:
  prior: {{kind: prior}}
  asked: {{kind: llm, url: '{url}', model: words, api: json, concurrency: 2{more}}}
"""


def sentences(count: int) -> list[str]:
    draw = random.Random(1)
    return [
        f"The {draw.choice(PARTIES)} {' '.join(draw.choice(part) for part in PARTS)} ({number})."
        for number in range(count)
    ]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    with (tmp_path / "sentences.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "target", "stance", "split"])
        for number, text in enumerate(sentences(120)):
            name = next(party for party in PARTIES if party in text)
            part = "train" if number < 40 else "dev" if number < 50 else "test"
            table.writerow([text, name, ("critical", "neutral", "supportive")[number % 3], part])

    def write(url: str, more: str = "") -> Path:
        path = tmp_path / "probed.yaml"
        path.write_text(CONFIG.format(url=url, more=more), encoding="utf-8")
        return path

    return write


def beginning_of(request: Request) -> str:
    return str(request.body["messages"][0]["content"].rpartition("Beginning: ")[2])


def by_heart(request: Request) -> Played:
    """Finishes the sentence whose beginning has most words of what it is shown, as a memory would."""
    shown = beginning_of(request)
    halves = [(text.split()[: (len(text.split()) + 1) // 2], text) for text in sentences(120)]
    words, text = max(halves, key=lambda half: sum(word in shown.split() for word in half[0]))
    return Played(chat(" ".join(text.split()[len(words) :])))


def by_guessing(request: Request) -> Played:
    """Goes on with what fits any of the sentences, in their words or in others that mean the same."""
    draw = random.Random(beginning_of(request).split()[-1])
    words = " ".join(draw.choice(part) for part in PARTS[5:])
    return Played(chat(draw.choice([words, paraphrased(words)[0]])))


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
@pytest.mark.parametrize(("script", "verdict"), [(by_heart, "failed"), (by_guessing, "passed")])
def test_memory_is_told_from_guessing(script: Any, verdict: str, config: Callable[..., Path]) -> None:
    with serving(script) as stub:
        probed = probe(config(stub.url), rows=60)
        finding = probed.finding
        n_requests = len(stub.requests)
        again = probe(config(stub.url), rows=60)
        # Answers are kept: the same probe again asks nothing.
        assert len(stub.requests) == n_requests <= 120
    assert finding.verdict == verdict, finding.sentence
    assert again.finding == finding
    assert probed.usage["requests"] == n_requests
    assert (finding.value("advantage") > MARGIN) == (verdict == "failed")
    assert (finding.value("sentences_verbatim") > 0.9) == (verdict == "failed")
    # No word of an answer is kept.
    kept = [path for path in (Path(config(stub.url)).parent / "cache").rglob("*") if path.is_file()]
    assert all(b"village" not in path.read_bytes() for path in kept)


def by_heart_or_label(request: Request) -> Played:
    """Answers what is asked of an experiment, too: JSON with a label."""
    content = str(request.body["messages"][-1]["content"])
    return by_heart(request) if "Beginning: " in content else Played(chat('{"label": "neutral"}'))


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
def test_a_finding_is_logged_to_the_run_that_is_named(folder: Path, config: Callable[..., Path]) -> None:
    with serving(by_heart_or_label) as stub:
        written = config(stub.url)
        harness.run(written)
        store = Store.open()
        for address in ("probed/prior", "probed", "nothing/asked"):
            n_requests = len(stub.requests)
            with pytest.raises(StoreError):
                probe(written, run=address)
            # Before anything is asked.
            assert len(stub.requests) == n_requests
        probed = probe(written, rows=60, run="probed/asked")
        again = probe(written, rows=60, run=f"runs:/{probed.run_id}")
        # Rows that are not those of the run.
        with (folder / "sentences.csv").open("a", encoding="utf-8") as file:
            file.write("Varna Front said nothing.,Varna Front,neutral,train\n")
        with pytest.raises(StoreError):
            probe(written, run="probed/asked")
    assert again.run_id == probed.run_id
    run = store.client.get_run(probed.run_id)
    assert run.info.run_name == "asked"
    assert run.info.status == "FINISHED"
    advantage = probed.finding.measures[0]
    ends = [run.data.metrics[f"audit/contamination_advantage{end}"] for end in ("", "_low", "_high")]
    assert ends == [advantage.value, advantage.low, advantage.high]
    assert run.data.tags["harness.contamination"].startswith("failed")
    files = Path(store.client.download_artifacts(probed.run_id, "contamination"))
    names = {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}
    assert {"findings.json", "report.html", "measures.csv", "usage.json"} < names


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
def test_a_budget_and_a_wrong_name_are_refused_before_anything_is_asked(config: Callable[..., Path]) -> None:
    with serving(by_guessing) as stub:
        with pytest.raises(ConfigError, match="budget"):
            probe(config(stub.url), budget=1.0)
        with pytest.raises(ConfigError, match="asked"):
            probe(config(stub.url), classifier="asekd")
        assert stub.requests == []
        with pytest.raises(ClassifierError, match="budget"):
            probe(config(stub.url, ", prices: {input: 10.0, output: 10.0}"), budget=0.05)
        assert 0 < len(stub.requests) < 100


def test_overlap_is_the_longest_common_subsequence() -> None:
    # "the bridge over river" are 4 of 5 words, in order: 2 · 4 / (5 + 5).
    value = overlap("The old bridge over river", "the bridge over the river")
    assert value == pytest.approx(0.8)
    # What follows after as many words as the ending has is not looked at.
    value = overlap("the river and much more", "the river")
    assert value == 1.0
    assert overlap("", "river") == overlap("...", "river") == 0.0


def test_words_are_replaced_by_fixed_rules() -> None:
    before, after = "SAID. Said, said-so", "STATED. Stated, said-so"
    assert paraphrased(before) == (after, 2)
    text = "The minister did not stop because the country is rich."
    changed, count = paraphrased(text)
    assert count == 4
    # Rules work both ways.
    assert paraphrased(changed)[0] == text
    pairs = [pair.split() for pair in SYNONYMS.replace("\n", " / ").split(" / ") if pair.strip()]
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in pairs)


def pairs_of(count: int) -> list[Probe]:
    half = Beginning("a", "b", "toys", "test")
    return [Probe(str(number), f"article {number // 2}", half, half) for number in range(count)]


def test_a_verdict_needs_an_interval_on_one_side_of_the_margin() -> None:
    draw = np.random.default_rng(1)
    noise = draw.normal(0, 0.05, 200)
    base = np.full(200, 0.3)
    asked = pairs_of(200)
    assert judged(asked, base + 0.2 + noise, base).verdict == "failed"
    assert judged(asked, base + noise / 10, base).verdict == "passed"
    few = judged(asked[:40], base[:40] + MARGIN + 2 * noise[:40], base[:40])
    assert few.verdict == "undecided"


def test_unanswered_pairs_are_left_out_and_counted() -> None:
    values = [0.5] * 40
    finding = judged(pairs_of(40), [float("nan"), *values[1:]], values)
    assert {measure.n for measure in finding.measures} == {39}
    assert judged(pairs_of(40), [float("nan")] * 30 + values[30:], values).verdict == "not applicable"


def test_short_and_foreign_sentences_are_not_probed(
    config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.config import plan
    from harness.evaluation.prepared import prepare

    prepared = prepare(plan.read(config("http://127.0.0.1:9/v1")))
    tested = prepared.part(prepared.splits[0], "test")
    drawn = probes(tested, "test", 30, 1)
    assert isinstance(drawn, list)
    assert len(drawn) == 30
    assert drawn == probes(tested, "test", 30, 1) != probes(tested, "test", 30, 2)
    assert all(f"{each.sentence.text} {each.sentence.ending}" in set(tested.rows["text"]) for each in drawn)
    monkeypatch.setattr(contamination, "LANGUAGE", "de")
    foreign = probes(tested, "test", 30, 1)
    assert isinstance(foreign, Finding)
    monkeypatch.setattr(contamination, "LANGUAGE", "en")
    # Too few are refused before they are paid for.
    few = probes(tested, "test", 29, 1)
    assert isinstance(few, Finding)
    assert few.verdict == "not applicable"
    monkeypatch.setattr(contamination, "MIN_WORDS", 40)
    assert isinstance(probes(tested, "test", 30, 1), Finding)
