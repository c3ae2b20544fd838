"""Questions in, answers in the same order out: from the store where there are any, else from a server."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.classifiers.llm.answer_store import AnswerStore
from harness.classifiers.llm.connection import Connection, DeclinedError, UnsupportedError
from harness.classifiers.llm.ledger import Charge, Ledger, Prices
from harness.classifiers.llm.transports import (
    NO,
    TRANSPORTS,
    YES,
    Answer,
    Api,
    NoLogprobsError,
    Question,
    Transport,
)
from harness.classifiers.llm.window import ordered
from harness.values.errors import ClassifierError

OVERHEAD_TOKENS = 64
"""Of a chat's own marks around the prompt, at most."""

PROBE = Question(
    "Is ice cold?\nA. yes\nB. no\nAnswer with the letter or with yes or no.",
    "Is ice cold?",
    ((YES, ""), (NO, "")),
)
MIN_MASS = 0.1
"""Probability on the letters that the probe needs: a model that thinks aloud first has next to none there."""


@dataclass
class Usage:
    """What the questions took, counted as they are answered; safe to use from threads.

    Attributes
    ----------
    counts : Counter
        ``questions``, ``hits`` (answered from the store), ``requests``, ``retries``, ``input_tokens``,
        ``output_tokens``, ``refused``, ``malformed`` and ``uncounted`` (requests without a token count).
    seconds, cost, mass : float
        Of the requests; the sum of what they cost; the sum of the probability on the labels.
    worth : float
        What all answers cost, those of the store when they were asked for.
    masses : int
        Answers that ``mass`` sums.
    models : Counter
        Names of the model, as answered.
    first, last : str
        When the first and the last answer was given, in UTC; empty before there is one.
    spent : float or None
        What the ledger holds for the model in all, after the last question; None without prices.
    """

    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cost: float = 0.0
    mass: float = 0.0
    worth: float = 0.0
    masses: int = 0
    models: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""
    spent: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, answer: Answer, seconds: float | None, retries: int, prices: Prices | None) -> None:
        """Count an answer; ``seconds`` is None for one of the store."""
        with self.lock:
            self.counts["questions"] += 1
            self.counts[answer.failure or "answered"] += 1
            if answer.model:
                self.models[answer.model] += 1
            if answer.answered:
                self.first = min(self.first or answer.answered, answer.answered)
                self.last = max(self.last, answer.answered)
            if answer.mass == answer.mass:
                self.mass, self.masses = self.mass + answer.mass, self.masses + 1
            is_counted = min(answer.input_tokens, answer.output_tokens) >= 0
            cost = prices.cost(answer.input_tokens, answer.output_tokens) if prices and is_counted else 0.0
            self.worth += cost
            if seconds is None:
                self.counts["hits"] += 1
                return
            self.counts.update(requests=1, retries=retries)
            self.seconds += seconds
            if not is_counted:
                self.counts["uncounted"] += 1
                return
            self.counts["input_tokens"] += answer.input_tokens
            self.counts["output_tokens"] += answer.output_tokens
            self.cost += cost

    def provenance(self) -> dict[str, str]:
        """Return ``model``, as answered, the most frequent name first, and ``answered``, a day or two."""
        names = [f"{name} ({count:,})" for name, count in self.models.most_common()]
        names = list(self.models) if len(names) == 1 else names
        days = dict.fromkeys(moment[:10] for moment in (self.first, self.last) if moment)
        return {"model": ", ".join(names), "answered": " to ".join(days)}

    def summary(self) -> dict[str, float]:
        """Return the numbers by name.

        ``label_mass`` is the mean probability on the labels, ``spent`` what was spent in all, ever;
        ``answers_cost`` counts answers of the store at what they cost when they were asked for.
        """
        numbers: dict[str, float] = {
            name: float(self.counts[name])
            for name in ("questions", "requests", "hits", "retries", "refused", "malformed")
        }
        numbers |= {name: float(self.counts[name]) for name in ("input_tokens", "output_tokens")}
        numbers |= {"request_seconds": self.seconds, "cost": self.cost}
        numbers |= {} if self.spent is None else {"spent": self.spent, "answers_cost": self.worth}
        return numbers | ({"label_mass": self.mass / self.masses} if self.masses else {})


@dataclass(frozen=True)
class Asker:
    """A model on a server, with everything that a question to it needs.

    Attributes
    ----------
    connection : Connection
    store : AnswerStore
    model : str
    extra : mapping
        Fields that are added to every body, or taken out of it.
    max_tokens : int
        Of an answer in JSON.
    repeats : int
        How often each question is asked.
    prices : Prices or None
    budget : float or None
    spent_before : float
        Of the budget, see :class:`harness.classifiers.llm.ledger.Ledger`.
    usage : Usage
    """

    connection: Connection
    store: AnswerStore
    model: str
    extra: Mapping[str, Any]
    max_tokens: int = 64
    repeats: int = 1
    prices: Prices | None = None
    budget: float | None = None
    spent_before: float = 0.0
    usage: Usage = field(default_factory=Usage)

    def answers(self, api: Api, questions: Iterable[Question]) -> Iterator[tuple[Answer, ...]]:
        """Ask questions of a kind of the catalogue; see :meth:`asked`."""
        return self.asked(TRANSPORTS[api], questions)

    def asked(self, transport: Transport, questions: Iterable[Question]) -> Iterator[tuple[Answer, ...]]:
        """Ask questions, a few at a time.

        Yields
        ------
        tuple of Answer
            One for each repeat, in the order of the questions.
        """

        def ask(question: Question) -> tuple[Answer, ...]:
            return tuple(self._answer(transport, question, repeat) for repeat in range(self.repeats))

        def stop(error: BaseException) -> None:
            # What waits for another attempt is not waited for; what is on its way is still kept.
            self.connection.circuit.open(str(error) or "the run was ended")

        return ordered(ask, questions, self.connection.concurrency, stop)

    def probed(self) -> Api:
        """Return the first kind of request that the server takes, in the order of the catalogue.

        Raises
        ------
        ClassifierError
            Where it takes none.
        """
        remembered = self.store.api()
        for api in TRANSPORTS:
            if api == remembered:
                return api
        reasons = []
        for api, transport in TRANSPORTS.items():
            try:
                answer = self._answer(transport, PROBE, 0)
            except (UnsupportedError, NoLogprobsError) as error:
                reasons.append(f"{api}: {error}")
                continue
            if not answer.failure and not (transport.is_lettered and answer.mass < MIN_MASS):
                self.store.keep_api(api)
                return api
            reasons.append(f"{api}: the answer holds no label")
        raise ClassifierError(f"{self.connection.host} takes no kind of request\n" + "\n".join(reasons))

    def _answer(self, transport: Transport, question: Question, repeat: int) -> Answer:
        limit = self._limit(transport, question)
        body = transport.body(self.model, question, {**limit, **self.extra})
        digest = self.store.digest(transport.path, body, repeat, question.read_with)
        stored = self.store.get(digest)
        if stored is not None:
            self.usage.add(stored, None, 0, self.prices)
            return stored
        # A token is a byte or more, so that this is never too few.
        size = len(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")) + OVERHEAD_TOKENS
        try:
            reply = self.connection.post(transport.path, body, size // 4, self._charge(body, size))
            answer, seconds, retries = transport.answer(reply.data, question), reply.seconds, reply.retries
        except DeclinedError:
            answer, seconds, retries = Answer({}, failure="refused"), 0.0, 0
        answer = self.store.add(digest, answer, seconds)
        self.usage.add(answer, seconds, retries, self.prices)
        return answer

    def _limit(self, transport: Transport, question: Question) -> dict[str, int]:
        """Return the limit of what is written in an answer; a model that reasons first needs the config's."""
        if transport.api == "json":
            return {"max_tokens": self.max_tokens}
        if transport.api == "completion":
            return {"max_tokens": max(self.max_tokens, transport.fields(question)["max_tokens"])}
        return {}

    def _charge(self, body: Mapping[str, Any], size: int) -> Charge | None:
        if self.prices is None:
            return None
        ledger = Ledger(self.store.database, self.store.scope, self.budget, self.spent_before)
        limits = (body.get("max_tokens"), body.get("max_completion_tokens"))
        most = max((limit for limit in limits if isinstance(limit, int)), default=0)
        return Charge(ledger, self.prices, size, most)
