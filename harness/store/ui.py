"""A store and a port in, the MLflow UI up in a browser's reach."""

from __future__ import annotations

from harness.store.location import Store


def serve_ui(store: Store, *, port: int | None = None, experiment: str | None = None) -> int:
    """Run the MLflow UI until Ctrl-C; print the address that opens an experiment's runs.

    Parameters
    ----------
    store : Store
    port : int, optional
        Left out, the first free one from 5000 on.
    experiment : str, optional
        By name; left out, the one with the newest run.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    StoreError
        Where the port is taken, the experiment unknown or the UI does not start.
    """
    raise NotImplementedError


def runs_address(store: Store, base: str, experiment: str | None = None) -> str:
    """Return the address under ``base`` (``http://127.0.0.1:5000``) that opens an experiment's runs."""
    raise NotImplementedError
