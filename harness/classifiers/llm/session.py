"""Settings in, a model that can be asked out: its server is reached, and its key goes nowhere else."""

from __future__ import annotations

import os
import socket
import urllib.request
from urllib.parse import urlsplit

from harness.classifiers.llm.answer_store import AnswerStore, Database, answers_file
from harness.classifiers.llm.asking import Asker, Usage
from harness.classifiers.llm.connection import Connection
from harness.classifiers.llm.ledger import Ledger
from harness.classifiers.llm.options import LlmOptions
from harness.classifiers.llm.pacing import Pace
from harness.values import secrets, trusted_hosts
from harness.values.errors import ClassifierError
from harness.values.progress import notifier

LISTEN_SECONDS = 3.0
"""So long a server may take to accept a connection."""


class Session:
    """An open connection and an open store, for the length of a ``with`` block.

    Parameters
    ----------
    settings : LlmOptions
    usage : Usage
        What is asked is counted there.
    is_foreign : bool
        Whether the address is not one that this person wrote, and has to be trusted.
    spent_before : float
        What was spent before the budget began, and is part of it.
    """

    def __init__(
        self, settings: LlmOptions, usage: Usage, *, is_foreign: bool, spent_before: float = 0.0
    ) -> None:
        self.settings, self.usage, self.is_foreign = settings, usage, is_foreign
        self.spent_before = spent_before

    def __enter__(self) -> Asker:
        settings = self.settings
        key = check(settings, is_foreign=self.is_foreign)
        infinity = float("inf")
        pace = Pace(settings.rate.requests or infinity, settings.rate.tokens or infinity)
        self.connection = Connection(
            settings.url,
            key,
            settings.timeout,
            settings.concurrency,
            pace,
            settings.rate.attempts,
            notify=notifier(),
        )
        self.database = Database(answers_file())
        store = AnswerStore(self.database, settings.url.rstrip("/"), settings.model)
        self.scope = store.scope
        return Asker(
            self.connection,
            store,
            settings.model,
            settings.extra_body,
            settings.max_tokens,
            settings.repeats,
            settings.prices,
            settings.budget,
            self.spent_before,
            self.usage,
        )

    def __exit__(self, *_: object) -> None:
        if self.settings.prices is not None:
            self.usage.spent = Ledger(self.database, self.scope).total()
        self.connection.close()
        self.database.close()


def check(settings: LlmOptions, *, is_foreign: bool) -> str:
    """Return the key, where texts and key may go to the address; see :class:`Session`.

    Raises
    ------
    ClassifierError
        Where they may not, or the key is not set.
    """
    if is_foreign and not trusted_hosts.is_trusted(settings.url):
        host = trusted_hosts.origin(settings.url)
        raise ClassifierError(
            f"this model sends every text to {host}; to allow that: harness trust host {host}"
        )
    return key_of(settings)


def is_listening(url: str) -> bool:
    """Say whether anything listens at an address; True where a proxy of the environment is between."""
    if not trusted_hosts.is_loopback(url) and urllib.request.getproxies():
        return True
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or trusted_hosts.PORTS.get(parts.scheme, 0))
    try:
        with socket.create_connection(address, timeout=LISTEN_SECONDS):
            return True
    except OSError:
        return False


def spent(settings: LlmOptions) -> float:
    """Return what was ever spent on a model at an address on this machine, without requests on their way.

    What is reserved for those is more than they cost: a budget from now on would be too large by that.
    """
    database = Database(answers_file())
    try:
        scope = AnswerStore(database, settings.url.rstrip("/"), settings.model).scope
        return Ledger(database, scope).settled()
    finally:
        database.close()


def key_of(settings: LlmOptions) -> str:
    """Return the value of the key, if it may go to the address.

    Raises
    ------
    ClassifierError
        Where it is not bound to that, or not set.
    """
    if problems := key_problems(settings):
        raise ClassifierError("; ".join(problems))
    value = _value(settings.key)
    if value:
        secrets.register(value, f"${{{settings.key}}}")
    return value


def key_problems(settings: LlmOptions) -> list[str]:
    """Say why the key cannot be sent, a clause each: its variable is not set, or not bound to the address."""
    if not settings.key:
        return []
    problems = []
    if not _value(settings.key):
        problems.append(f"the environment variable {settings.key}, which should hold the key, is not set")
    if not trusted_hosts.is_bound(settings.key, settings.url):
        host = trusted_hosts.origin(settings.url)
        problems.append(
            f"the key in {settings.key} is not bound to {host}; to let it go there:"
            f" harness trust key {settings.key} {host}"
        )
    return problems


def _value(name: str) -> str:
    return os.environ.get(name, "").strip() if name else ""
