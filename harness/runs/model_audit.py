"""A model in, what the audits that need no training find: what ``harness audit`` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.audits.model_audits import Announce, ModelAudit, audit_model, log_model_audit
from harness.config.plan.objects import Overrides, overrides_as_text
from harness.serving.inference import LabelModel
from harness.tracking.auditable import auditable
from harness.tracking.store import Store
from harness.values.findings import Finding
from harness.values.outputs import claimed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AuditedModel:
    """What the audits found out about a model.

    Attributes
    ----------
    examined : ModelAudit
    experiment : str
        Where it was logged; empty where it is not tracked.
    """

    examined: ModelAudit = field(repr=False)
    experiment: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """A verdict, a sentence and measures for each audit."""
        return self.examined.findings

    @property
    def notes(self) -> tuple[str, ...]:
        """What limits the findings, a sentence each."""
        return self.examined.notes

    @property
    def table(self) -> pd.DataFrame:
        """One row a measure: audit, verdict, measure, value, low, high, n."""
        from harness.values.findings import measure_table

        return measure_table(self.findings)

    def _repr_html_(self) -> str:
        """Show verdicts and sentences in a notebook."""
        import pandas as pd

        rows = [(finding.audit, finding.verdict, finding.sentence) for finding in self.findings]
        return pd.DataFrame(rows, columns=["audit", "verdict", "why"]).to_html(index=False, border=0)


def audit(
    model: str | Path | LabelModel | Callable[[pd.DataFrame], pd.DataFrame],
    *,
    corpus: str,
    set: Overrides = (),  # noqa: A002 (named as --set is)
    output: str | Path | None = None,
    track: bool = True,
    budget: float | None = None,
    announce: Announce = lambda _: None,
) -> AuditedModel:
    """Run the training-free audits on a model.

    Parameters
    ----------
    model : str, path, LabelModel or callable
        An address (``models:/stance@champion``, ``runs:/<id>``), a folder, what :func:`harness.load`
        returned; or a function from a table with the columns ``text``, ``target``, ``target_start``,
        ``target_end`` and ``holder`` to one with a column ``p_<label>`` for each label, row by row.
    corpus : str
        A corpus of the catalogue, a table, or a config, whose test rows and audits are taken.
    set : mapping or sequence of str
        Overrides of the config, such as ``{"audits.behaviour": "off"}``.
    output : path, optional
        Folder for a page and tables.
    track : bool
        Log the findings to MLflow.
    budget : float, optional
        What a model that asks a server may cost, in the currency of its prices.
    announce : callable
        Called before the first request of such a model with a
        :class:`harness.serving.inference.server_costs.ServerCost`: requests, tokens, cost.

    Raises
    ------
    ConfigError, CorpusError
        Where the corpus is not what it should be.
    ModelError
        Where the model cannot be loaded, is for another task, or has other labels; or a budget has no effect.
    ClassifierError
        Where its server cannot be asked, or the budget would be passed.
    OutputError
        Where another process writes into the folder.
    """
    folder = Path(output) if output is not None else None
    with claimed(folder, folder=True):
        # Before the audits: a store that cannot be written is said to be so at once.
        store = Store.open() if track else None
        examined = audit_model(
            auditable(model), corpus, overrides_as_text(set), budget=budget, announce=announce
        )
        if store is None and folder is None:
            return AuditedModel(examined)
        experiment = log_model_audit(store, examined, folder)
        return AuditedModel(examined, experiment) if store is not None else AuditedModel(examined)
