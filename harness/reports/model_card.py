"""A finished classifier in, a short Markdown card out that travels inside the model."""

from __future__ import annotations

import json

from harness.config.plan import card_of
from harness.evaluation.decisions.measuring import measure
from harness.evaluation.trial import ClassifierResult, Prepared
from harness.reports.deciding import Deciding
from harness.reports.summary import Summary
from harness.scoring.score import score
from harness.values.catalog import plain
from harness.values.findings import WORST_FIRST
from harness.values.formatting import number, percent


def model_card(prepared: Prepared, result: ClassifierResult) -> str:
    """Return the card of a classifier's served model.

    It states the test score of that very model, which is another number than the mean over seeds.

    Parameters
    ----------
    prepared : Prepared
    result : ClassifierResult
    """
    summary = Summary(prepared, result)
    parts = [part(summary) for part in (_heading, _use, _scores, _audits, _data, _limits)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(summary: Summary) -> str:
    plan, result = summary.prepared.plan, summary.result
    given = result.served.options if result.served is not None else result.classifier.bound.options
    options = json.dumps({name: plain(value) for name, value in given.items()}, ensure_ascii=False)
    what = "stance toward a named party" if plan.config.task == "stance" else "the frames they use"
    return (
        f"# {result.classifier.name} ({plan.name})\n\n"
        f"Labels sentences by {what}. A `{result.classifier.bound.kind}` classifier with these options:\n\n"
        f"```json\n{options}\n```"
    )


def _use(summary: Summary) -> str:
    takes = "`text` and `target`; where known `target_start`, `target_end` and `holder`"
    if summary.prepared.plan.config.task == "framing":
        takes = "`text`"
    labels = ", ".join(f"`{name}`" for name in summary.labels.names)
    several = "; several or none at once" if summary.labels.multi else ""
    return f"## Use\n\n- Input: {takes}.\n- Labels: {labels}{several}.\n{_abstention(summary)}"


def _abstention(summary: Summary) -> str:
    """Say when it abstains, what was measured of that on test, and what it decides by."""
    decided = Deciding(summary.result, summary.seed)
    rule = decided.decider.rule if decided.decider is not None else None
    if rule is None:
        lines = ["- It never abstains."]
    else:
        below = f" below a confidence of {decided.threshold}" if decided.threshold else ""
        lines = [f"- It abstains{below}, for a wanted risk of {rule.risk:.0%}. {rule.statement}"]
        (one, *_) = measure(summary.test, parts=False)
        measured = f"- Measured: on test it labels {one.coverage:.0%}"
        measured += f" ({percent(one.coverage_low)} to {percent(one.coverage_high)}) of the items"
        if one.coverage > 0:
            bounds = f"{percent(one.risk_low)} to {percent(one.risk_high)}"
            measured += f"; of these labels {one.risk:.0%} ({bounds}) are wrong"
        lines.append(f"{measured}.")
    if decided.thresholds:
        said = ", ".join(f"`{name}` {number(value)}" for name, value in decided.thresholds)
        lines.append(f"- A label is given from this probability on: {said}.")
    return "\n".join(lines)


def _scores(summary: Summary) -> str:
    plan, result = summary.prepared.plan, summary.result
    own, metrics = summary.test, [metric for metric in plan.metrics if not metric.per_label]
    rows = score(own, metrics).rows
    table = "\n".join(
        f"| {row['metric']} | {number(row['value'])} | {number(row['low'])} to {number(row['high'])} |"
        for row in rows[(rows["slice"] == "all") & (rows["split"] == "test")].to_dict("records")
    )
    what = f"This very model (seed {summary.seed}) on {len(own):,} test items:"
    if len(summary.prepared.splits) > 1:
        what = (
            "This model was fitted once more on all rows, so no test is left for it. These are the scores of"
            f" cross-validation with seed {summary.seed}, on {len(own):,} items:"
        )
    text = f"## Scores\n\n{what}\n\n| metric | value | 95 % interval over items |\n|---|---|---|\n{table}"
    if len(summary.seeds) > 1:
        mean = number(result.scores.value(plan.primary.name))
        text += f"\n\nOver {len(summary.seeds)} seeds {plan.primary.name} is {mean}."
    return text


def _audits(summary: Summary) -> str:
    """Say what the audits found, the worst first; what does not apply is left out."""
    found = sorted(summary.result.findings, key=lambda one: WORST_FIRST.index(one.verdict))
    lines = [
        f"- {one.audit.replace('_', ' ')}: {one.verdict}. {one.sentence}"
        for one in found
        if one.verdict != "not applicable"
    ]
    return "## Audits\n\n" + "\n".join(lines) if lines else ""


def _data(summary: Summary) -> str:
    prepared, corpus = summary.prepared, summary.prepared.corpus
    lines = [f"- Corpus: {corpus.name}, {len(corpus):,} rows, fingerprint `{corpus.fingerprint}`."]
    card = card_of(prepared.plan.corpus)
    if card is not None:
        lines += [f"- {card.title}: {card.description}"]
        lines += [f"- Licence: {card.licence}."] if card.licence else []
        lines += [f"- Paper: {card.paper}."] if card.paper else []
    first = prepared.splits[0]
    lines.append(
        f"- Split: {prepared.plan.split.kind}, {len(first.train):,} rows to train on,"
        f" {len(first.validation):,} to select by, fingerprint `{first.fingerprint}`."
    )
    return "## Data\n\n" + "\n".join(lines)


def _limits(summary: Summary) -> str:
    lines = [
        "- The scores hold for sentences like the corpus's; on other outlets, topics or times they fall.",
        _probabilities(summary),
        "- Shares counted from its labels carry its errors: correct them with a sample labelled by hand.",
    ]
    card = card_of(summary.prepared.plan.corpus)
    lines += [f"- Of the corpus: {flaw}" for flaw in (card.flaws if card is not None else ())]
    return "## Limits\n\n" + "\n".join(lines)


def _probabilities(summary: Summary) -> str:
    decider = summary.result.decider
    kind = decider.calibrator.kind if decider is not None else "none"
    how = "are the classifier's own" if kind == "none" else f"are calibrated ({kind}, on rows kept for it)"
    notes = " ".join(decider.notes) if decider is not None else ""
    return f"- Probabilities {how}; its run's report shows how far they may be believed. {notes}".rstrip()
