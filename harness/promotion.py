"""An experiment's runs in, a registered model under an alias out."""

from __future__ import annotations

from dataclasses import dataclass

from harness.store import Store

CHAMPION = "champion"
PREVIOUS = "previous"


@dataclass(frozen=True)
class Promotion:
    """What a promotion or a rollback did.

    Attributes
    ----------
    model_name, version : str
        What the alias ``champion`` now points to.
    classifier, run_id : str
        Where it came from.
    metric : str
        The primary metric.
    select, test : float
        Its value there; NaN where there is none.
    previous : str or None
        The version that was champion before, where it is another.
    changed : bool
        Whether the alias moved.
    notes : tuple of str
        What a person should know: that it is a baseline, that another version scored higher, …
    """

    model_name: str
    version: str
    classifier: str
    run_id: str
    metric: str
    select: float
    test: float
    previous: str | None = None
    changed: bool = True
    notes: tuple[str, ...] = ()


def promote(
    store: Store,
    experiment: str,
    *,
    classifier: str | None = None,
    model_name: str | None = None,
    replace: bool = False,
) -> Promotion:
    """Register the best classifier of an experiment and move the alias ``champion`` to it.

    Best is by the primary metric on select, never on test.

    Parameters
    ----------
    store : Store
    experiment : str
        By name.
    classifier : str, optional
        This one, whether it is the best or not.
    model_name : str, optional
        Left out, the config's ``model_name``.
    replace : bool
        Replace a champion that was judged on other test items.

    Raises
    ------
    StoreError
        Where the experiment is unknown.
    PromotionError
        Where nothing can be promoted, or where the champion was judged on other test items.
    """
    raise NotImplementedError


def rollback(store: Store, model_name: str) -> Promotion:
    """Make the previous champion the champion again; the two change places.

    Raises
    ------
    PromotionError
        Where there is no previous one.
    """
    raise NotImplementedError
