"""A prepared experiment in, what its classifiers will ask of servers out: requests, tokens and cost.

Scored rows alone are counted. Audits ask about changed sentences on top of that, and answers that are kept
from an earlier run are not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.classifiers.protocol import Estimate, Estimating, examples_of
from harness.evaluation.prepared import Prepared
from harness.evaluation.trial import SCORED_PARTS, list_trials


def estimates(prepared: Prepared) -> Iterator[tuple[str, Estimate]]:
    """Yield name and estimate of each classifier that asks a server.

    Parameters
    ----------
    prepared : Prepared

    Yields
    ------
    (str, Estimate)
        Over all seeds and folds; with a grid, every combination is asked about the validation rows.
    """
    labels = prepared.plan.labels
    for classifier in prepared.plan.classifiers:
        # What only looks at a config imports no code of the person's own, which cannot be asked then.
        bound = classifier.bound
        if not bound.is_imported or not isinstance(bound.make(labels=labels, seed=0), Estimating):
            continue
        total = Estimate()
        for trial in list_trials(prepared, classifier):
            split = prepared.split_of(trial.fold)
            train = prepared.labelled(split, "train")
            for number, combination in enumerate(classifier.grid()):
                model: Estimating = combination.make(labels=labels, seed=trial.seed)
                # Which of the grid is chosen is not known: the first stands for it on the other parts.
                parts = SCORED_PARTS if number == 0 else ("validation",)
                corpora = [prepared.part(split, part) for part in parts if split.part(part)]
                rows = [row for corpus in corpora for row in examples_of(corpus.rows, corpus.parties)]
                total += model.estimate(train, rows)
        if total.requests:
            yield classifier.name, total
