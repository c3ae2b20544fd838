"""The address of a store in, the same without credentials out; MLflow finds these in its environment.

MLflow sends ``MLFLOW_TRACKING_USERNAME`` and ``_PASSWORD``, or ``MLFLOW_TRACKING_TOKEN``, to a server. Those
of an address (``http://user:password@host``) are handed on in the same way: an address is stored, logged and
named in MLflow's messages, which must not hold a password.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from harness.values.errors import StoreError
from harness.values.secrets import MASK, credentials, register

USERNAME, PASSWORD, TOKEN = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"

_LENT: dict[str, str | None] = {}
"""What the variables were before the credentials of an address took their place."""


def lend(address: str, variable: str) -> tuple[str, str]:
    """Hand the credentials in the address of a server on to MLflow, until another address is lent.

    Parameters
    ----------
    address : str
    variable : str
        What the address was read from.

    Returns
    -------
    tuple of str
        The address without them, and the user.

    Raises
    ------
    StoreError
        Where the address cannot be read; the message does not show it.
    """
    take_back()
    for name in (PASSWORD, TOKEN):
        if os.environ.get(name):
            register(os.environ[name], MASK)
    plain, user, password = know_password(address, variable)
    if plain == address:
        return address, ""
    # A token in the environment would be sent in place of these.
    for name, value in ((USERNAME, user), (PASSWORD, password), (TOKEN, "")):
        _LENT[name] = os.environ.get(name)
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    return plain, user


def take_back() -> None:
    """Set the variables to what they were: the password of one server is not sent to another."""
    for name, value in _LENT.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    _LENT.clear()


def know_password(address: str, variable: str) -> tuple[str, str, str]:
    """Split an address and let its password be hidden in every text of this process.

    Parameters
    ----------
    address : str
    variable : str
        What the address was read from.

    Returns
    -------
    tuple of str
        The address without credentials, the user and the password.

    Raises
    ------
    StoreError
        Where the password holds a character that ends it, such as a slash; the message does not show it.
    """
    plain, user, password = credentials(address)
    if not _is_readable(plain):
        raise StoreError(
            f"the address in {variable} cannot be read: in a user or a password write @ as %40, / as %2F,"
            " ? as %3F and # as %23"
        )
    if password:
        register(password, MASK)
    return plain, user, password


def _is_readable(address: str) -> bool:
    try:
        _ = urlsplit(address).port
    except ValueError:
        # What stands where a port should may be the beginning of a password.
        return False
    return True
