"""An experiment's best model in, the champion of its name out; and back again."""

from __future__ import annotations

from harness.runs.experiment import ExperimentRun
from harness.tracking import promotion
from harness.tracking.promotion import Promotion
from harness.tracking.store import Store, last_experiment
from harness.values.errors import PromotionError


def promote(
    experiment: str | ExperimentRun = "",
    *,
    classifier: str = "",
    model_name: str = "",
    replace: bool = False,
    with_wheel: bool = False,
) -> Promotion:
    """Register the best classifier of an experiment, by its primary metric on validation, as champion.

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

    Returns
    -------
    Promotion
        ``uri`` is the address to load the champion by.

    Raises
    ------
    StoreError
        Where the experiment is unknown.
    PromotionError
        Where nothing can be promoted, or where the champion was scored on other test items.
    ModelError
        Where the model pins another version of the package than the wheel would hold.
    """
    if isinstance(experiment, ExperimentRun) and experiment.store is None:
        raise PromotionError(f"{experiment.name} is not tracked, so that nothing of it can be registered")
    store = Store.open()
    name = experiment.name if isinstance(experiment, ExperimentRun) else experiment
    return promotion.promote(
        store,
        name or last_experiment.recall(store),
        classifier=classifier or None,
        model_name=model_name or None,
        replace=replace,
        with_wheel=with_wheel,
    )


def rollback(model_name: str) -> Promotion:
    """Make the champion before this one champion again.

    Parameters
    ----------
    model_name : str
        ``"stance"``, say.

    Raises
    ------
    PromotionError
        Where there is none before it.
    """
    return promotion.rollback(Store.open(), model_name)
