"""A store and the fingerprint of test items in, how often these were looked at out.

Every score on test that is read may steer what is tried next. What was chosen by many looks at the same items
scores too well on them (Blum & Hardt 2015): so a comparison says how many there were.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from harness.tracking import names
from harness.tracking.store import Store
from harness.values.formatting import counted

PAGE_SIZE = 1_000


@dataclass(frozen=True)
class Looks:
    """How often test items were looked at.

    Attributes
    ----------
    runs : int
        Finished classifiers that were scored on them.
    comparisons : int
        Logged comparisons.
    promotions : int
        Times that a promotion compared a model with the champion on them.
    """

    runs: int
    comparisons: int
    promotions: int

    @property
    def sentence(self) -> str:
        """What a reader of a comparison should know."""
        return (
            f"Looks at these test items until now: {counted(self.runs, 'scored run')},"
            f" {counted(self.comparisons, 'comparison')}, {counted(self.promotions, 'promotion')}. What was"
            " chosen by looking at them scores too well on them."
        )


def looks_at(store: Store, fingerprint: str) -> Looks:
    """Count the looks at test items in a store, over all its experiments and registered models.

    Parameters
    ----------
    store : Store
    fingerprint : str
        Of the test items.
    """
    roles = _roles(store, fingerprint)
    return Looks(roles[names.CLASSIFIER], roles[names.COMPARISON], _promotions(store, fingerprint))


def _roles(store: Store, fingerprint: str) -> Counter[str]:
    """Count the finished runs on these items by their role."""
    experiments = [str(experiment.experiment_id) for experiment in store.client.search_experiments()]
    query = f"tags.`{names.TEST}` = '{fingerprint}' and attributes.status = 'FINISHED'"
    roles: Counter[str] = Counter()
    token = None
    while True:
        page = store.client.search_runs(experiments, query, max_results=PAGE_SIZE, page_token=token)
        roles.update(run.data.tags.get(names.ROLE, "") for run in page)
        token = page.token
        if not token:
            return roles


def _promotions(store: Store, fingerprint: str) -> int:
    records = [
        json.loads(text)
        for model in store.client.search_registered_models(max_results=PAGE_SIZE)
        for tag, text in model.tags.items()
        if tag.startswith(names.LOOK)
    ]
    return sum(record.get("test") == fingerprint for record in records)
