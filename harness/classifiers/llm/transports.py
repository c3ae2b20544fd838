"""A question in, the body of a request out; and what the server answers in, an answer out.

=============  ==========================  ====================================================
``decisions``  ``POST /decisions``         a probability for each label (OpenAI, SGLang, vLLM)
``systemone``  ``POST /systemone``         the same in another form (vLLM, ``transformers serve``)
``logprobs``   ``POST /chat/completions``  a letter for each label: probabilities of the first token
``json``       ``POST /chat/completions``  a label in JSON, of a schema with the labels: no probabilities
=============  ==========================  ====================================================

Probabilities are never read out of constrained JSON: servers give those of the unconstrained model there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from harness.values.errors import ClassifierError

Api = Literal["decisions", "systemone", "logprobs", "json"]
Failure = Literal["", "refused", "malformed"]

LETTERS = "ABCDEFGHIJKLMNOPQRST"
"""Twenty: as many first tokens as servers report."""

YES, NO = "yes", "no"
TOP_LOGPROBS = len(LETTERS)

RESERVED = frozenset(
    {
        "model",
        "messages",
        "input",
        "state",
        "questions",
        "logprobs",
        "top_logprobs",
        "response_format",
        "stream",
        "n",
    }
)
"""Fields of a body that are not options: without them an answer cannot be read."""

_NAME = "label"
TOLERANCE = 1e-2
"""How far from 1 the probabilities of an answer may sum: servers round them."""


@dataclass(frozen=True)
class Question:
    """What is asked of one example.

    Attributes
    ----------
    prompt : str
        The text with everything that is needed to answer.
    task : str
        What is asked, in a sentence, for servers that take it apart from the text.
    options : tuple of (str, str)
        Labels with their definitions, in the order in which the prompt has them.
    is_yes_no : bool
        Whether the options are yes and no.
    read_with : str
        What else an answer is read by, if anything: with something else it is another answer.
    """

    prompt: str
    task: str
    options: tuple[tuple[str, str], ...]
    is_yes_no: bool = False
    read_with: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The labels."""
        return tuple(name for name, _ in self.options)


@dataclass(frozen=True)
class Answer:
    """What a server answered, without its text.

    Attributes
    ----------
    shares : mapping
        Label → probability; they sum to 1. Empty without probabilities.
    label : str
        The answer; empty where it failed.
    mass : float
        Probability of all labels together, before they are made to sum to 1; NaN where it is not known.
    failure : str
        ``refused`` or ``malformed``; empty for an answer.
    model : str
        As the server names it.
    input_tokens, output_tokens : int
        As the server counts them; -1 where it does not.
    answered : str
        When, in UTC, as ISO 8601; empty where that is not known.
    """

    shares: Mapping[str, float]
    label: str = ""
    mass: float = math.nan
    failure: Failure = ""
    model: str = ""
    input_tokens: int = -1
    output_tokens: int = -1
    answered: str = field(default="", compare=False)


@dataclass(frozen=True)
class Transport:
    """A kind of request.

    Attributes
    ----------
    api : str
        Of the catalogue; ``completion`` is asked by the probe of :mod:`harness.classifiers.llm.completing`.
    path : str
        Added to the address.
    has_probabilities : bool
    is_lettered : bool
        Whether labels are answered by letters.
    fields : callable
        Question → the fields of the body, without the model.
    read : callable
        What the server answered, question → :class:`Answer`; raises :class:`_Refused` and what Python raises
        for data of another form.
    """

    api: Api | Literal["completion"]
    path: str
    has_probabilities: bool
    is_lettered: bool
    fields: Callable[[Question], dict[str, Any]]
    read: Callable[[Mapping[str, Any], Question], Answer]

    def body(self, model: str, question: Question, extra: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request.

        Parameters
        ----------
        model : str
        question : Question
        extra : mapping
            Fields that are added, or taken out where they are None.
        """
        fields = {"model": model, **self.fields(question)} | dict(extra)
        return {name: value for name, value in fields.items() if value is not None}

    def answer(self, data: Mapping[str, Any], question: Question) -> Answer:
        """Read what a server answered; one that cannot be read is a failure, too."""
        model = data.get("model")
        counts = token_counts(data.get("usage"))
        about: dict[str, Any] = {"model": model if isinstance(model, str) else "", **counts}
        try:
            answer = self.read(data, question)
        except _Refused:
            return Answer({}, failure="refused", **about)
        except (ValueError, LookupError, TypeError, AttributeError):
            return Answer({}, failure="malformed", **about)
        return Answer(answer.shares, answer.label, answer.mass, **about)


class NoLogprobsError(ClassifierError):
    """A server that leaves out the probabilities that it was asked for."""


class _Refused(Exception):  # noqa: N818 (an answer, not an error)
    """The model does not want to answer."""


def token_counts(usage: Any) -> dict[str, int]:
    """Return ``input_tokens`` and ``output_tokens`` as a server counts them; -1 where it does not.

    Examples
    --------
    >>> token_counts({"prompt_tokens": 12, "completion_tokens": 1})
    {'input_tokens': 12, 'output_tokens': 1}
    """
    counts = {}
    for count, names in (
        ("input_tokens", ("prompt_tokens", "input_tokens")),
        ("output_tokens", ("completion_tokens", "output_tokens")),
    ):
        values = [usage.get(name) for name in names] if isinstance(usage, Mapping) else []
        whole = [value for value in values if type(value) is int and value >= 0]
        counts[count] = whole[0] if whole else -1
    return counts


def _probability(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("no probability")
    return float(value)


def _of_logarithm(value: Any) -> float:
    # A little above 0 is rounding; NaN, which Python reads in JSON, is a model whose numbers overflowed.
    logarithm = math.nan if isinstance(value, bool) else float(value)
    if not logarithm <= TOLERANCE:
        raise ValueError("no logarithm of a probability")
    return math.exp(min(0.0, logarithm))


def _distribution(shares: Mapping[str, float], question: Question) -> Answer:
    """Return the answer of a full distribution over the labels."""
    total = sum(shares.values())
    if set(shares) != set(question.names) or abs(total - 1) > TOLERANCE:
        raise ValueError("no distribution over the labels")
    normal = {name: shares[name] / total for name in question.names}
    return Answer(normal, max(normal, key=normal.__getitem__))


def _yes(probability: Any) -> Answer:
    share = _probability(probability)
    return Answer({YES: share, NO: 1 - share}, YES if share >= 0.5 else NO)


def _decisions_fields(question: Question) -> dict[str, Any]:
    asked: dict[str, Any] = {"name": _NAME, "instructions": question.task}
    if question.is_yes_no:
        return {"input": question.prompt, "questions": [{"type": "predicate", **asked}]}
    choices = [
        {"value": name, "description": definition} if definition else {"value": name}
        for name, definition in question.options
    ]
    return {"input": question.prompt, "questions": [{"type": "choice", **asked, "choices": choices}]}


def _read_decisions(data: Mapping[str, Any], question: Question) -> Answer:
    (answer,) = data["answers"]
    if answer["type"] == "refusal":
        raise _Refused
    if question.is_yes_no:
        return _yes(answer["probability"])
    shares = {str(item["value"]): _probability(item["probability"]) for item in answer["probabilities"]}
    return _distribution(shares, question)


def _systemone_fields(question: Question) -> dict[str, Any]:
    asked: dict[str, Any] = {"type": "noul", "instructions": question.task}
    if not question.is_yes_no:
        criteria = {name: definition or None for name, definition in question.options}
        asked |= {"type": "choice", "criteria": criteria}
    return {"state": question.prompt, "questions": {_NAME: asked}}


def _read_systemone(data: Mapping[str, Any], question: Question) -> Answer:
    answer = data["answers"][_NAME]
    if answer["type"] == "refusal":
        raise _Refused
    if question.is_yes_no:
        return _yes(answer["noul"])
    shares = {str(name): _probability(share) for name, share in answer["probabilities"].items()}
    return _distribution(shares, question)


def chat_fields(question: Question) -> dict[str, Any]:
    """Return the body of a chat of one message, without sampling."""
    return {"messages": [{"role": "user", "content": question.prompt}], "temperature": 0}


def chat_choice(data: Mapping[str, Any]) -> Any:
    """Return the first choice of a chat's answer; raise where the model does not want to answer."""
    choice = data["choices"][0]
    if choice["message"].get("refusal") or choice.get("finish_reason") in ("content_filter", "refusal"):
        raise _Refused
    return choice


def _logprobs_fields(question: Question) -> dict[str, Any]:
    return {**chat_fields(question), "max_tokens": 1, "logprobs": True, "top_logprobs": TOP_LOGPROBS}


def _read_logprobs(data: Mapping[str, Any], question: Question) -> Answer:
    choice = chat_choice(data)
    if not choice.get("logprobs"):
        raise NoLogprobsError(
            "the server leaves out the logprobs that it was asked for, as `transformers serve` does; use"
            " api: systemone, decisions or json"
        )
    by_letter = dict(zip(LETTERS, question.names, strict=False))
    shares = dict.fromkeys(question.names, 0.0)
    for token in choice["logprobs"]["content"][0]["top_logprobs"]:
        # A letter is several tokens: with a space before it, and in some vocabularies a mark for one.
        letter = str(token["token"]).strip(" \n\t\u2581\u0120").strip()
        if letter in by_letter:
            shares[by_letter[letter]] += _of_logarithm(token["logprob"])
    mass = sum(shares.values())
    if not mass > 0:
        raise ValueError("no label among the most probable tokens")
    normal = {name: share / mass for name, share in shares.items()}
    return Answer(normal, max(normal, key=normal.__getitem__), min(mass, 1.0))


def _json_fields(question: Question) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {_NAME: {"type": "string", "enum": list(question.names)}},
        "required": [_NAME],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": _NAME, "strict": True, "schema": schema}}
    return {**chat_fields(question), "response_format": wanted}


def _read_json(data: Mapping[str, Any], question: Question) -> Answer:
    content = str(chat_choice(data)["message"]["content"])
    # A reasoning model may think aloud first.
    content = content.rpartition("</think>")[2]
    label = json.loads(content[content.index("{") : content.rindex("}") + 1])[_NAME]
    if label not in question.names:
        raise ValueError("no label")
    return Answer({}, str(label))


TRANSPORTS: Mapping[Api, Transport] = MappingProxyType(
    {
        "decisions": Transport("decisions", "/decisions", True, False, _decisions_fields, _read_decisions),
        "systemone": Transport("systemone", "/systemone", True, False, _systemone_fields, _read_systemone),
        "logprobs": Transport("logprobs", "/chat/completions", True, True, _logprobs_fields, _read_logprobs),
        "json": Transport("json", "/chat/completions", False, False, _json_fields, _read_json),
    }
)
"""In the order in which ``api: auto`` tries them."""
