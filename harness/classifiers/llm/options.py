"""The options of the classifier, and which values they may have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from harness.classifiers.llm.ledger import Prices
from harness.classifiers.llm.shots import Pick
from harness.classifiers.llm.transports import LETTERS, RESERVED, TRANSPORTS
from harness.classifiers.protocol import Target
from harness.values import trusted_hosts
from harness.values.errors import Problem
from harness.values.labels import LabelSet

ApiOption = Literal["auto", "decisions", "systemone", "logprobs", "json"]
Debias = Literal["none", "prior"]
MAX_CONCURRENCY = 256


@dataclass(frozen=True)
class Rate:
    """Limits of one's own; the rate adapts to what the server takes in any case.

    Attributes
    ----------
    requests, tokens : float or None
        A minute, at most; above 0. None for no limit.
    attempts : int
        How often a request is sent at most, at least 1.
    """

    requests: float | None = None
    tokens: float | None = None
    attempts: int = 6


RATE = Rate()


@dataclass(frozen=True)
class LlmOptions:
    """What a config says of the classifier, but its prompt; see :func:`harness.classifiers.llm.llm`."""

    api: ApiOption
    url: str
    model: str
    key: str
    target: Target
    shots: Pick
    debias: Debias
    concurrency: int
    timeout: float
    rate: Rate
    prices: Prices | None
    budget: float | None
    repeats: int
    max_tokens: int
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    def problems(self, labels: LabelSet) -> Iterator[Problem]:
        """Yield a problem for each value that is out of range or has no effect."""
        try:
            trusted_hosts.origin(self.url if "://" in self.url else "")
        except ValueError:
            # The address is not repeated: what is wrong may be that it holds a password.
            what = "should be an address such as http://127.0.0.1:8080/v1, without user and password"
            yield Problem("url", what)
        if not self.model.strip():
            yield Problem("model", "should name a model of the server")
        if self.key and not trusted_hosts.NAME.fullmatch(self.key):
            # Nor is this: it may be the key itself.
            what = "should be the name of an environment variable in capitals, such as LLM_KEY"
            yield Problem("key", what, "the key itself never stands in a config")
        yield from self._out_of_range()
        yield from self._without_effect()
        if self.api == "logprobs" and not labels.multi and len(labels) > len(LETTERS):
            what = f"takes at most {len(LETTERS)} labels, and the task has {len(labels)}"
            yield Problem("api", what, "use decisions, systemone or json")
        for name in sorted(set(self.extra_body) & RESERVED):
            yield Problem(f"extra_body.{name}", "cannot be set: the classifier needs it")
        try:
            json.dumps(self.extra_body)
        except (TypeError, ValueError):
            yield Problem("extra_body", "should be plain data")

    def _out_of_range(self) -> Iterator[Problem]:
        threads, rate = self.concurrency, self.rate
        is_positive = {name: value is None or value > 0 for name, value in asdict(rate).items()}
        checks = (
            ("shots", self.shots.count >= 0, "at least 0", self.shots.count),
            ("concurrency", 1 <= threads <= MAX_CONCURRENCY, f"from 1 to {MAX_CONCURRENCY}", threads),
            ("timeout", 0 < self.timeout < float("inf"), "above 0", self.timeout),
            ("rate.requests", is_positive["requests"], "above 0", rate.requests),
            ("rate.tokens", is_positive["tokens"], "above 0", rate.tokens),
            ("rate.attempts", is_positive["attempts"], "at least 1", rate.attempts),
            ("budget", self.budget is None or self.budget > 0, "above 0", self.budget),
            ("repeats", self.repeats >= 1, "at least 1", self.repeats),
            ("max_tokens", self.max_tokens >= 1, "at least 1", self.max_tokens),
        )
        for where, is_right, range_, value in checks:
            if not is_right:
                yield Problem(where, f"should be {range_}, got {value}")
        if self.prices is not None:
            for name, price in (("input", self.prices.input), ("output", self.prices.output)):
                if not 0 <= price < float("inf"):
                    yield Problem(f"prices.{name}", f"should be at least 0, got {price}")

    def _without_effect(self) -> Iterator[Problem]:
        if self.shots.by != "balanced" and not self.shots.count:
            yield Problem("shots.by", "has no effect without shots")
        if self.api != "auto" and not TRANSPORTS[self.api].has_probabilities and self.debias != "none":
            yield Problem("debias", f"needs probabilities, and api: {self.api} has none", "use another api")
        if self.budget is not None and self.prices is None:
            yield Problem("budget", "has no effect without prices")
        fields = self.extra_body
        unlimited = "max_tokens" in fields and fields["max_tokens"] is None
        if self.budget is not None and unlimited and not isinstance(fields.get("max_completion_tokens"), int):
            what = "needs max_tokens or max_completion_tokens: without, an answer may cost any sum"
            yield Problem("budget", what)
