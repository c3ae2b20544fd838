"""An experiment's name in, its best classifier as champion out, or the gates that it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.config.promotion_policy import PromotionPolicy
from harness.evaluation.choice import BASELINES, Choice
from harness.reports.training_data import training_statement
from harness.scoring.limitations import missing_of
from harness.tracking import context, descriptions, names
from harness.tracking.promotion import versions
from harness.tracking.promotion.candidates import Candidate, candidates, chosen, policy_of
from harness.tracking.promotion.gates import (
    Rival,
    abstention_gate,
    audit_gates,
    baseline_gate,
    calibration_gate,
    items_gate,
    model_gates,
    veto_gate,
)
from harness.tracking.promotion.outcome import Promotion, RefusedPromotionError
from harness.tracking.promotion.wheel_overlay import add_wheel, check_wheel
from harness.tracking.store import Store
from harness.values.errors import PromotionError
from harness.values.formatting import number
from harness.values.gates import GateResult

UNFORCED = ("reproduces",)
"""Gates that nothing overrules: a model that cannot be used as it was scored is no champion."""


@dataclass(frozen=True)
class PromotionRequest:
    """How a promotion departs from the usual: what each attribute means is said at :func:`harness.promote`,
    whose options they are.
    """

    classifier: str = ""
    model_name: str = ""
    replace: bool = False
    with_wheel: bool = False
    force: str = ""
    dry_run: bool = False


def promote(store: Store, experiment: str, request: PromotionRequest | None = None) -> Promotion:
    """Register the best classifier of an experiment and move the alias ``champion`` to it.

    The best is chosen on validation, never on test (:mod:`harness.evaluation.choice`). Runs are candidates if
    they were scored on the same validation and test items as the newest run of the experiment.

    Parameters
    ----------
    store : Store
    experiment : str
        By name.
    request : PromotionRequest, optional

    Raises
    ------
    StoreError
        Where the experiment is unknown.
    RefusedPromotionError
        Where it fails gates.
    PromotionError
        Where nothing can be promoted, or another process promotes at the same time.
    ModelError
        Where the model pins another version of the package than the wheel would hold.
    """
    request = request or PromotionRequest()
    policy = policy_of(store, experiment)
    finished = candidates(store, experiment, latest=not request.classifier)
    candidate, choice = chosen(finished, experiment, request.classifier, policy)
    name = request.model_name or candidate.tags.get(names.MODEL_NAME, "model")
    rival = rival_of(store, name)
    results = _judged(store, name, candidate, rival, (policy, request))
    outcome = _outcome(name, candidate, choice, results)
    if request.dry_run:
        previous = rival.version if rival is not None and not _is_champion(candidate, rival) else None
        version = versions.registered_version(store, name, candidate) or ""
        return replace(outcome, version=version, previous=previous, changed=False, dry=True)
    _stop(candidate, results, request.force)
    wheel_added = request.with_wheel and add_wheel(store, candidate)
    with versions.exclusive(store, name):
        _refuse_other_champion(store, name, rival, candidate)
        version = versions.register(store, name, candidate)
        if wheel_added:
            check_wheel(store, name, version)
        order = versions.champions(store, name)
        before = order[-1] if order and versions.version_of(store, name, versions.CHAMPION) else None
        if before != version:
            versions.move_champion(store, name, [*order, version])
            why = choice.sentence if choice is not None else "named by --classifier"
            _record(store, name, outcome, version, (before, why, request.force))
        descriptions.describe_champion(store, name, versions.CHAMPION)
    changed, previous = before != version, before if before != version else None
    notes = tuple(_notes(candidate, rival if changed else None, name, (results, request.force)))
    return replace(outcome, version=version, previous=previous, changed=changed, notes=notes)


def rival_of(store: Store, name: str) -> Rival | None:
    """Return the present champion of a name, as a candidate is compared with it."""
    from mlflow.exceptions import MlflowException

    champion = versions.version_of(store, name, versions.CHAMPION)
    if champion is None:
        return None
    try:
        candidate = Candidate.of(store, store.client.get_run(str(champion.run_id)))
    except MlflowException:
        candidate = None
    return Rival(str(champion.version), candidate, champion.tags.get(names.TEST))


def _judged(
    store: Store,
    name: str,
    candidate: Candidate,
    rival: Rival | None,
    settings: tuple[PromotionPolicy, PromotionRequest],
) -> tuple[GateResult, ...]:
    """Return the result of every gate, with the config's waivers."""
    policy, request = settings
    # Beside itself, no model is faster.
    is_other = rival is not None and not _is_champion(candidate, rival)
    champion = f"models:/{name}/{rival.version}" if rival is not None and is_other else None
    results = [
        *audit_gates(candidate, policy),
        baseline_gate(candidate),
        calibration_gate(candidate, policy.calibration),
        abstention_gate(store, f"models:/{candidate.model}"),
        *model_gates(store, f"models:/{candidate.model}", policy, champion),
        items_gate(
            candidate,
            rival,
            replace=request.replace,
            experiment=store.client.get_experiment(candidate.run.info.experiment_id).name,
        ),
    ]
    if request.dry_run and rival is not None and not _is_champion(candidate, rival):
        sentence = "A dry run does not look at test, since each look is recorded."
        results.append(GateResult("test", "not checked", sentence))
    else:
        results.append(_looked_at(store, name, candidate, rival, policy))
    return tuple(
        result.waived(policy.waive[result.name]) if result.name in policy.waive else result
        for result in results
    )


def _looked_at(
    store: Store, name: str, candidate: Candidate, rival: Rival | None, policy: PromotionPolicy
) -> GateResult:
    """Judge the gate of test; where test was looked at, record it."""
    result = veto_gate(candidate, rival, policy.margin, no_worse=policy.no_worse)
    if rival is not None and result.verdict not in ("not applicable", "not checked"):
        look = {
            "test": candidate.tags.get(names.TEST),
            "run": candidate.run_id,
            "champion": rival.version,
            "verdict": result.verdict,
        }
        versions.record(store, name, versions.LOOK, look)
    return result


def _is_champion(candidate: Candidate, rival: Rival) -> bool:
    return rival.candidate is not None and rival.candidate.run_id == candidate.run_id


def _stop(candidate: Candidate, results: tuple[GateResult, ...], force: str) -> None:
    """Refuse a candidate that fails gates, unless it is forced; some of them nothing overrules."""
    failed = [result for result in results if result.stops]
    if failed and (not force or any(result.name in UNFORCED for result in failed)):
        raise RefusedPromotionError(candidate.name, results)


def _refuse_other_champion(store: Store, name: str, rival: Rival | None, candidate: Candidate) -> None:
    """Refuse to replace a champion that the gates did not see."""
    current = versions.version_of(store, name, versions.CHAMPION)
    seen = rival.version if rival is not None else None
    if current is None or str(current.version) in (seen, versions.registered_version(store, name, candidate)):
        return
    raise PromotionError(
        f"version {current.version} of {name!r} was made champion by somebody else meanwhile; look at it and"
        " promote again"
    )


def _record(
    store: Store, name: str, outcome: Promotion, version: str, facts: tuple[str | None, str, str]
) -> None:
    """Write who made a version champion, when, why, and in spite of what, into its tags."""
    before, why, force = facts
    failed = ", ".join(result.name for result in outcome.failures)
    waived = {result.name: result.sentence for result in outcome.results if result.verdict == "waived"}
    tags = {
        versions.BY: context.user() or "unknown",
        versions.AT: versions.now(),
        versions.WHY: why,
        versions.FORCED: f"{failed}: {force}" if failed else "",
        **{f"{versions.GATE}{result.name}": result.verdict for result in outcome.results},
        **{f"{versions.WAIVED}{gate}": sentence for gate, sentence in waived.items()},
    }
    versions.describe_version(store, name, version, {tag: value for tag, value in tags.items() if value})
    event = {"action": "promoted", "version": version, "before": before, "why": why}
    if failed:
        event |= {"forced": failed, "reason": force}
    versions.record(store, name, versions.EVENT, event | ({"waived": list(waived)} if waived else {}))


def _outcome(
    name: str, candidate: Candidate, choice: Choice | None, results: tuple[GateResult, ...]
) -> Promotion:
    return replace(
        promotion_of(name, "", candidate),
        choice=choice.sentence if choice is not None else "",
        results=results,
    )


def promotion_of(name: str, version: str, candidate: Candidate) -> Promotion:
    """Describe a version by the run that it is from."""
    trained_on, not_for = training_statement(candidate.files.config, candidate.training_rows)
    if trained_on and (gold := candidate.tags.get(names.GOLD_FILE)):
        trained_on = f"{trained_on}, labels of {gold} among them"
    return Promotion(
        name,
        version,
        candidate.name,
        candidate.run_id,
        candidate.primary,
        candidate.score("validation"),
        candidate.score("test"),
        rows=candidate.files.scored_rows,
        trained_on=trained_on,
        not_for=not_for,
    )


def _unanswered(candidate: Candidate) -> Iterator[str]:
    """Say where the model gave no answer: a champion that refuses labels as little of new text."""
    predictions = candidate.files.predictions
    for part in ("validation", "test"):
        if predictions is not None and (missing := missing_of(predictions.only(split=part))):
            yield f"{candidate.name} gave no answer on {part} for {missing}: each counts as wrong."


def _notes(
    candidate: Candidate, rival: Rival | None, name: str, judged: tuple[tuple[GateResult, ...], str]
) -> Iterator[str]:
    results, force = judged
    failed = [result.words for result in results if result.stops]
    if failed:
        yield f"promoted in spite of {', '.join(failed)} ({force}); the version says so."
    for result in results:
        if result.verdict in ("warning", "undecided", "waived"):
            yield f"{result.words}: {result.verdict}. {result.brief}"
    yield from _unanswered(candidate)
    if candidate.tags.get(names.KIND) in BASELINES:
        yield f"{candidate.name} is a baseline: it does not read the sentence."
    if names.LEAKS in candidate.tags:
        yield f"{candidate.name} was run with --allow-leaks: test rows repeat training rows."
    if rival is None or rival.candidate is None:
        return
    before = rival.candidate
    if before.tags.get(names.VALIDATION) != candidate.tags.get(names.VALIDATION):
        return
    lower = candidate.tags.get(names.DIRECTION) == "lower"
    old, new = before.score("validation"), candidate.score("validation")
    if (old < new) if lower else (old > new):
        yield (
            f"version {rival.version} ({before.name}) had the better score on validation,"
            f" {number(old, missing='unknown')}; 'harness rollback {name}' brings it back."
        )
