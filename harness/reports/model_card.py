"""The summary of a finished classifier in, a short Markdown card out that travels inside the model."""

from __future__ import annotations

import json
import math
from pathlib import PurePath

from harness.evaluation.decisions.coverage import measure_coverage
from harness.evaluation.prepared import language_note
from harness.reports.run_summary import Summary
from harness.serving.decisions.label_support import MIN_PRECISION, support_line
from harness.serving.trust import ModelCard, abstains_below, trust_line, unmet_risk
from harness.values.catalog import plain
from harness.values.findings import WORST_FIRST
from harness.values.formatting import counted, number, percent
from harness.values.language import describe


def model_card(summary: Summary) -> str:
    """Return the card of a classifier's served model.

    It states the test score of that very model, which differs from the mean over seeds in the report.

    Parameters
    ----------
    summary : Summary
    """
    sections = [section(summary) for section in (_heading, _use, _scores, _audits, _data, _limits)]
    return "\n\n".join(section for section in sections if section) + "\n"


def card_of(summary: Summary) -> ModelCard:
    """Return what a user of the served model has to know of it, as data.

    It holds the score of that very model, like :func:`model_card`.
    """
    experiment, findings = summary.experiment, summary.result.findings
    corpus, primary = experiment.corpus, experiment.primary.name
    rows = summary.served_scores
    scored = rows[rows["metric"] == primary].to_dict("records")
    row = scored[0] if scored else dict.fromkeys(("value", "low", "high"), math.nan)
    verdicts = {
        verdict: tuple(finding.audit.replace("_", " ") for finding in findings if finding.verdict == verdict)
        for verdict in ("failed", "warning", "undecided", "not applicable")
    }
    served = next(iter(measure_coverage(summary.test, parts=False)), None)
    return ModelCard(
        classifier=summary.result.classifier.name,
        corpus=corpus.name,
        origin=_origin(summary),
        languages=corpus.languages,
        metric=primary,
        value=float(row["value"]),
        low=float(row["low"]),
        high=float(row["high"]),
        n_items=len(summary.test),
        failed=verdicts["failed"],
        warned=verdicts["warning"],
        n_audits=len(findings) - len(verdicts["not applicable"]),
        undecided=len(verdicts["undecided"]),
        inapplicable=len(verdicts["not applicable"]),
        abstains_below=abstains_below(summary.result.decider),
        unmet_risk=unmet_risk(summary.result.decider),
        coverage=served.coverage if served is not None else math.nan,
        risk=served.risk if served is not None else math.nan,
        unanswered=float(summary.test.missing().mean()) if len(summary.test) else math.nan,
        support=summary.result.decider.support if summary.result.decider is not None else None,
    )


def _origin(summary: Summary) -> str:
    """Return what the texts of the corpus are: as its data card says, else the name of its file."""
    corpus = summary.experiment.corpus
    if corpus.card is not None and corpus.card.origin:
        return corpus.card.origin
    # The name alone: a card is handed on, and folders are nobody else's business.
    return PurePath(corpus.source).name if corpus.source and "://" not in corpus.source else ""


def _heading(summary: Summary) -> str:
    experiment, result = summary.experiment, summary.result
    chosen = result.served.options if result.served is not None else result.classifier.bound.options
    options = json.dumps({name: plain(value) for name, value in chosen.items()}, ensure_ascii=False)
    what = "stance toward a named party" if experiment.task == "stance" else "the frames they use"
    return (
        f"# {result.classifier.name} ({experiment.name})\n\n{trust_line(card_of(summary))}\n\n"
        f"Labels sentences by {what}. A `{result.classifier.bound.kind}` classifier with these options:\n\n"
        f"```json\n{options}\n```"
    )


def _use(summary: Summary) -> str:
    columns = "`text` and `target`; where known `target_start`, `target_end` and `holder`"
    if summary.experiment.task == "framing":
        columns = "`text`"
    labels = ", ".join(f"`{name}`" for name in summary.labels.names)
    several = "; several or none per sentence" if summary.labels.multi else ""
    return f"## Use\n\n- Input: {columns}.\n- Labels: {labels}{several}.\n{_abstention(summary)}"


def _abstention(summary: Summary) -> str:
    """Say when the model abstains, its coverage and risk on test, and its thresholds."""
    decisions = summary.decision_report
    rule = decisions.decider.rule if decisions.decider is not None else None
    if rule is None:
        lines = ["- It never abstains."]
    else:
        below = f" below a confidence of {decisions.threshold}" if decisions.threshold else ""
        aim = f"It abstains{below}, to keep the risk at {rule.risk:.0%}. " if rule.risk_met else ""
        lines = [f"- {aim}{rule.statement}"]
        # Of the served seed alone, as the scores of the card are; the report averages over seeds.
        (of_all,) = measure_coverage(summary.test, parts=False)
        bounds = f"{percent(of_all.coverage_low)} to {percent(of_all.coverage_high)}"
        measured = f"- Measured on test: it labels {of_all.coverage:.0%} ({bounds}) of the items"
        # A model that abstains on every item serves no label, so that there is no risk to state.
        if of_all.coverage > 0:
            bounds = f"{percent(of_all.risk_low)} to {percent(of_all.risk_high)}"
            measured += f"; {of_all.risk:.0%} ({bounds}) of these labels are wrong"
        lines.append(f"{measured}.")
    if decisions.thresholds:
        thresholds = ", ".join(f"`{name}` {number(value)}" for name, value in decisions.thresholds)
        lines.append(f"- A label is predicted from this probability on: {thresholds}.")
    if decisions.support:
        shown = ", ".join(f"`{label.name}` {number(label.shown_from)}" for label in decisions.support)
        lines.append(
            f"- It is shown from this one on, if it was right in {MIN_PRECISION:.0%} or more of the held-out"
            f" rows that had it, and otherwise unsure: {shown}. It {support_line(decisions.support)}."
        )
    return "\n".join(lines)


def _scores(summary: Summary) -> str:
    experiment, test = summary.experiment, summary.test
    # Per-label scores stay in the report: a card is read at a glance.
    names = [metric.name for metric in experiment.metrics if not metric.per_label]
    table = "\n".join(
        f"| {row['metric']} | {number(row['value'])} | {number(row['low'])} to {number(row['high'])} |"
        for row in summary.served_scores.to_dict("records")
        if row["metric"] in names
    )
    what = f"This model (seed {summary.seed}) on {counted(len(test), 'test item')}:"
    about = "95 % interval over items"
    if experiment.split.folds > 1:
        what = (
            "This model was refitted on all rows, so no test rows are left for it. These are the scores of"
            f" cross-validation with seed {summary.seed}, on {counted(len(test), 'item')}; the intervals are"
            " about the classifier trained anew:"
        )
        about = "95 % interval"
    text = f"## Scores\n\n{what}\n\n| metric | value | {about} |\n|---|---|---|\n{table}"
    if len(summary.seeds) > 1:
        primary = experiment.primary.name
        mean = number(summary.result.scores.value(primary))
        text += f"\n\nMean {primary} over {counted(len(summary.seeds), 'seed')}: {mean}."
    return text


def _audits(summary: Summary) -> str:
    """List the findings of the audits, the worst first; what does not apply is left out."""
    findings = sorted(summary.result.findings, key=lambda finding: WORST_FIRST.index(finding.verdict))
    lines = [
        f"- {finding.audit.replace('_', ' ')}: {finding.verdict}. {finding.sentence}"
        for finding in findings
        if finding.verdict != "not applicable"
    ]
    return "## Audits\n\n" + "\n".join(lines) if lines else ""


def _data(summary: Summary) -> str:
    corpus, split = summary.experiment.corpus, summary.experiment.split
    # A card is read where the model is served, without the report: the limits have to stand in it.
    lines = [f"- Corpus: {corpus.name}, {counted(corpus.size, 'row')}, fingerprint `{corpus.fingerprint}`."]
    lines += [f"- Language: {describe(corpus.languages)}."] if corpus.languages else []
    note = language_note(summary.result.classifier, corpus.languages)
    lines += [f"- {each}" for each in (*corpus.notes, note) if each]
    card = corpus.card
    if card is not None:
        lines += [f"- {card.title}: {card.description}"]
        lines += [f"- Licence: {card.licence}."] if card.licence else []
        lines += [f"- Paper: {card.paper}."] if card.paper else []
    lines.append(
        f"- Split: {split.kind}, {split.sizes['train']:,} training rows,"
        f" {split.sizes['validation']:,} validation rows, fingerprint `{split.fingerprint}`."
    )
    return "## Data\n\n" + "\n".join(lines)


def _limits(summary: Summary) -> str:
    lines = [
        "- The scores hold for sentences like those of the corpus; expect lower ones on other outlets, topics"
        " or times.",
        _probabilities(summary),
        "- Shares counted from its labels are biased by its errors: correct them with a hand-labelled random"
        " sample.",
    ]
    card = summary.experiment.corpus.card
    lines += [f"- Of the corpus: {flaw}" for flaw in (card.flaws if card is not None else ())]
    return "## Limits\n\n" + "\n".join(lines)


def _probabilities(summary: Summary) -> str:
    decider = summary.result.decider
    kind = decider.calibrator.kind if decider is not None else "none"
    how = "are not calibrated" if kind == "none" else f"are calibrated ({kind}, on the calibration rows)"
    notes = " ".join(decider.notes) if decider is not None else ""
    return f"- Probabilities {how}; the report of the run shows how reliable they are. {notes}".rstrip()
