"""Settings in, a model that can be asked out: its server is reached, and its key goes nowhere else."""

from __future__ import annotations

import os

from harness.classifiers.llm.answer_store import AnswerStore, Database, answers_file
from harness.classifiers.llm.asking import Asker, Usage
from harness.classifiers.llm.connection import Connection
from harness.classifiers.llm.ledger import Ledger
from harness.classifiers.llm.options import LlmOptions
from harness.classifiers.llm.pacing import Pace
from harness.values import secrets, trusted_hosts
from harness.values.errors import ClassifierError


class Session:
    """An open connection and an open store, for the length of a ``with`` block.

    Parameters
    ----------
    settings : LlmOptions
    usage : Usage
        What is asked is counted there.
    is_foreign : bool
        Whether the address is not one that this person wrote, and has to be trusted.
    """

    def __init__(self, settings: LlmOptions, usage: Usage, *, is_foreign: bool) -> None:
        self.settings, self.usage, self.is_foreign = settings, usage, is_foreign

    def __enter__(self) -> Asker:
        settings = self.settings
        if self.is_foreign and not trusted_hosts.is_trusted(settings.url):
            host = trusted_hosts.origin(settings.url)
            raise ClassifierError(
                f"this model sends every text to {host}; to allow that: harness trust host {host}"
            )
        infinity = float("inf")
        pace = Pace(settings.rate.requests or infinity, settings.rate.tokens or infinity)
        self.connection = Connection(
            settings.url,
            key_of(settings),
            settings.timeout,
            settings.concurrency,
            pace,
            settings.rate.attempts,
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
            self.usage,
        )

    def __exit__(self, *_: object) -> None:
        if self.settings.prices is not None:
            self.usage.spent = Ledger(self.database, self.scope).total()
        self.connection.close()
        self.database.close()


def key_of(settings: LlmOptions) -> str:
    """Return the value of the key, if it may go to the address.

    Raises
    ------
    ClassifierError
        Where it is not bound to that, or not set.
    """
    if not settings.key:
        return ""
    if not trusted_hosts.is_bound(settings.key, settings.url):
        host = trusted_hosts.origin(settings.url)
        raise ClassifierError(
            f"the key in {settings.key} is not bound to {host}; to let it go there:"
            f" harness trust key {settings.key} {host}"
        )
    value = os.environ.get(settings.key, "").strip()
    if not value:
        raise ClassifierError(
            f"the environment variable {settings.key}, which should hold the key, is not set"
        )
    secrets.register(value, f"${{{settings.key}}}")
    return value
