"""An experiment's best model in, the champion of its name out; back again; and what is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.runs.experiment import ExperimentRun
from harness.tracking import promotion
from harness.tracking.promotion import Promotion, PromotionRequest
from harness.tracking.store import Store, last_experiment
from harness.values.errors import PromotionError

if TYPE_CHECKING:
    import pandas as pd


def promote(
    experiment: str | ExperimentRun = "",
    *,
    classifier: str = "",
    model_name: str = "",
    replace: bool = False,
    with_wheel: bool = False,
    force: str = "",
    dry_run: bool = False,
) -> Promotion:
    """Register the best classifier of an experiment as champion, if it passes the gates of its config.

    It is chosen by the primary metric on validation; of classifiers that paired tests cannot tell apart, by
    its audits and then by its cost.

    Parameters
    ----------
    experiment : str or ExperimentRun
        Its name; left out, the experiment that was run last.
    classifier : str
        This one, whether it is the best or not.
    model_name : str
        Left out, the config's ``model_name``, or else its task.
    replace : bool
        Replace a champion that was scored on other test items.
    with_wheel : bool
        Add the wheel of this package to the model, to serve it where the package is not on an index.
    force : str
        The reason to promote a model that fails gates; the version keeps it. A model that does not give its
        recorded answers in a fresh process is not promoted for any reason.
    dry_run : bool
        Judge the gates and change nothing; test is not looked at, since each look is recorded.

    Returns
    -------
    Promotion
        ``uri`` is the address to load the champion by, ``gates`` the table of gates.

    Raises
    ------
    StoreError
        Where the experiment is unknown.
    RefusedPromotionError
        Where it fails gates; ``gates`` is the table of all of them.
    PromotionError
        Where nothing can be promoted, or another process promotes at the same time.
    ModelError
        Where the model pins another version of the package than the wheel would hold.
    """
    if isinstance(experiment, ExperimentRun) and experiment.store is None:
        raise PromotionError(f"{experiment.name} is not tracked, so that nothing of it can be registered")
    store = Store.open()
    name = experiment.name if isinstance(experiment, ExperimentRun) else experiment
    request = PromotionRequest(
        classifier=classifier,
        model_name=model_name,
        replace=replace,
        with_wheel=with_wheel,
        force=force,
        dry_run=dry_run,
    )
    return promotion.promote(store, name or last_experiment.recall(store), request)


def rollback(model_name: str = "") -> Promotion:
    """Make the champion before this one champion again; called twice, the one before that.

    Parameters
    ----------
    model_name : str
        ``"stance"``, say; left out, the only model that has a champion.

    Raises
    ------
    PromotionError
        Where there is none before it, or several models have a champion and none is named.
    RefusedPromotionError
        Where the one before does not give its recorded answers in a fresh process: the champion stays.
    """
    return promotion.rollback(Store.open(), model_name)


def registry() -> pd.DataFrame:
    """Return what is registered: one row per version, by model, the newest first.

    Returns
    -------
    DataFrame
        Model, version, aliases, classifier, experiment, metric, its scores on validation and test with the
        95 % interval, the audits that it failed, by whom, when and why it was made champion, the gates that
        were overruled or waived, and the run.
    """
    return promotion.registry_table(Store.open(reading=True))
