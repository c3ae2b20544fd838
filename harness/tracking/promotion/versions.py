"""A logged model in, a registered version out; aliases, the order of champions, and a registry's records."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.serving.seals import SEAL
from harness.tracking import context, descriptions, names, sending
from harness.tracking.promotion.candidates import SCORED_ON, Candidate
from harness.tracking.store import Store
from harness.values.errors import PromotionError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
PREVIOUS = "previous"

CHAMPIONS = "harness.champions"
"""Tag of a registered model: the versions that were champion, oldest first, without those rolled back."""

EVENT, LOOK, CLAIM = "harness.event.", names.LOOK, "harness.claim."
"""Tags of a registered model, each followed by a time: a promotion or rollback, a look at test, a claim."""

CLASSIFIER = "harness.classifier"
RUN_NAME = "mlflow.runName"
BY, AT, WHY, FORCED = "harness.by", "harness.at", "harness.why", "harness.forced"
GATE, WAIVED = "harness.gate.", "harness.waived."
"""Tags of a version: who made it champion, when and why; gates that failed and were overruled; every verdict,
and each waiver with its reason."""

CLAIM_SECONDS = 120
"""A claim that is older than this is left by a process that died."""


def version_of(store: Store, name: str, alias: str) -> ModelVersion | None:
    """Return the version with an alias; None where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        return store.client.get_model_version_by_alias(name, alias)
    except MlflowException:
        return None


def champion_tags(store: Store, name: str, alias: str = CHAMPION) -> dict[str, str] | None:
    """Return the tags of the run that a champion is from, with its name as ``mlflow.runName``.

    Returns
    -------
    dict or None
        None without a champion; where its run was deleted, the classifier's name alone.
    """
    from mlflow.exceptions import MlflowException

    version = version_of(store, name, alias)
    if version is None:
        return None
    try:
        run = store.client.get_run(str(version.run_id))
    except MlflowException:
        # The version remembers the name of the classifier alone.
        return {RUN_NAME: str(version.tags.get(CLASSIFIER, ""))}
    return {**run.data.tags, RUN_NAME: str(run.info.run_name)}


def registered_version(store: Store, name: str, candidate: Candidate) -> str | None:
    """Return the version that holds a run's model; None where it is not registered."""
    source = f"models:/{candidate.model}"
    for version in store.client.search_model_versions(f"name = '{name}'"):
        if version.source == source:
            return str(version.version)
    return None


def register(store: Store, name: str, candidate: Candidate) -> str:
    """Return the version that holds a run's model, registered if it is not yet."""
    client = store.client
    ensure_model(store, name)
    # MLflow would register the same model a second time.
    version = registered_version(store, name, candidate)
    if version is not None:
        return version
    tags = {tag: candidate.tags[tag] for tag in (*SCORED_ON, SEAL) if tag in candidate.tags}
    # The registry looks the model up through a client of its own, which knows the global settings alone.
    with store.pointed():
        created = client.create_model_version(
            name,
            f"models:/{candidate.model}",
            run_id=candidate.run_id,
            tags={**tags, CLASSIFIER: candidate.name},
            description=descriptions.version_note(candidate.tags),
            model_id=candidate.model,
        )
    return str(created.version)


def ensure_model(store: Store, name: str) -> None:
    """Create a registered model where there is none of the name."""
    from mlflow.exceptions import MlflowException

    with contextlib.suppress(MlflowException):
        store.client.create_registered_model(name)


def model_tags(store: Store, name: str) -> dict[str, str]:
    """Return the tags of a registered model; none where there is no such model."""
    from mlflow.exceptions import MlflowException

    try:
        return dict(store.client.get_registered_model(name).tags)
    except MlflowException:
        return {}


def champions(store: Store, name: str) -> list[str]:
    """Return the versions that were champion, oldest first; the last is the present champion.

    Before the harness kept their order, the alias ``previous`` alone told of one.
    """
    champion, previous = (version_of(store, name, alias) for alias in (CHAMPION, PREVIOUS))
    recorded = model_tags(store, name).get(CHAMPIONS)
    order = recorded.split() if recorded is not None else []
    if recorded is None and previous is not None:
        order = [str(previous.version)]
    if champion is None:
        return order
    current = str(champion.version)
    # Somebody moved the alias in the UI: what is champion is last.
    return order if order[-1:] == [current] else [*order, current]


def move_champion(store: Store, name: str, order: list[str]) -> None:
    """Make the last of an order of versions the champion, and the one before it the previous one.

    Raises
    ------
    PromotionError
        Where somebody else moved the alias at the same time.
    """
    client = store.client
    # Before the alias moves: a process that dies in between leaves a way back.
    client.set_registered_model_tag(name, CHAMPIONS, " ".join(order))
    if len(order) > 1:
        client.set_registered_model_alias(name, PREVIOUS, order[-2])
    elif version_of(store, name, PREVIOUS) is not None:
        client.delete_registered_model_alias(name, PREVIOUS)
    client.set_registered_model_alias(name, CHAMPION, order[-1])
    # A person in the UI takes no lock, and MLflow has no compare-and-set.
    now = client.get_model_version_by_alias(name, CHAMPION)
    if str(now.version) != order[-1]:
        raise PromotionError(
            f"version {now.version} of {name!r} was made champion by somebody else meanwhile"
        )


@contextlib.contextmanager
def exclusive(store: Store, name: str) -> Iterator[None]:
    """Let one process at a time read, compare and set the champion of a name.

    In SQLite a lock that lies beside the database sees to it. On a server no lock reaches the other machines:
    each process claims the name by a tag and then looks for claims of others. Of two at least one sees the
    other's, since both write before they read, and who sees one withdraws.

    Raises
    ------
    PromotionError
        Where another process has claimed the name, on a server.
    """
    if store.database is not None:
        with store.lock(f"model-{name}"):
            yield
        return
    ensure_model(store, name)
    claim = f"{CLAIM}{time.time():.6f}-{uuid.uuid4().hex}"
    store.client.set_registered_model_tag(name, claim, context.user() or "unknown")
    try:
        for tag in model_tags(store, name):
            if tag.startswith(CLAIM) and tag != claim and _is_recent(tag):
                raise PromotionError(f"{name!r} is being promoted by somebody else; try again in a minute")
        yield
    finally:
        store.client.delete_registered_model_tag(name, claim)


def describe_version(store: Store, name: str, version: str, tags: Mapping[str, str]) -> None:
    """Set tags of a version; MLflow takes one a request."""
    client = store.client
    sending.for_each(store, lambda tag: client.set_model_version_tag(name, version, *tag), tags.items())


def _is_recent(claim: str) -> bool:
    began = float(claim.removeprefix(CLAIM).partition("-")[0])
    return time.time() - began < CLAIM_SECONDS


def now() -> str:
    """Return the time as it is recorded: UTC, to the second."""
    return datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def record(store: Store, name: str, kind: str, content: Mapping[str, Any]) -> None:
    """Add a record with its author and time to a registered model, which nothing overwrites.

    Parameters
    ----------
    store : Store
    name : str
        Of the registered model.
    kind : str
        :data:`EVENT` or :data:`LOOK`.
    content : mapping
    """
    text = json.dumps({**content, "by": context.user(), "at": now()}, ensure_ascii=False)
    store.client.set_registered_model_tag(name, f"{kind}{time.time():.6f}-{uuid.uuid4().hex[:6]}", text)


def records(store: Store, name: str, kind: str) -> list[dict[str, Any]]:
    """Return the records of a kind, oldest first."""
    tags = model_tags(store, name)
    return [json.loads(tags[tag]) for tag in sorted(tags) if tag.startswith(kind)]
