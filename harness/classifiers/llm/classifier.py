"""Examples in, what a language model says of them out: labels, and probabilities where it gives them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.llm.answer_shares import MIN_PRIOR, debiased, mean_share, vote_share
from harness.classifiers.llm.asking import PROBE, Usage
from harness.classifiers.llm.failed_answers import describe_failures
from harness.classifiers.llm.ledger import Prices
from harness.classifiers.llm.options import LlmOptions, Rate
from harness.classifiers.llm.prompting import Prompt, definitions_of, read_template, template_of
from harness.classifiers.llm.session import Session, check, is_listening, key_problems, spent
from harness.classifiers.llm.shots import Pick, Shots
from harness.classifiers.llm.transports import TRANSPORTS, YES, Answer, Api, Question
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.classifiers.remote import Estimate
from harness.classifiers.saved_files import expect_labels, reading
from harness.values.errors import ClassifierError, ConfigError, HarnessWarning
from harness.values.labels import LabelSet
from harness.values.progress import progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

_FILE = "llm.json"
CHUNK = 1000
"""Rows whose examples are chosen at a time: memory does not grow with their number."""

SAMPLE = 100
"""Rows whose prompts an estimate measures."""

CHARACTERS_PER_TOKEN = 4
"""Of English text, by the usual tokenizers; of other languages fewer, so that there are more tokens."""

TOKENS_OUT = {"logprobs": 1, "json": 12}
"""Of an answer; the other kinds of request generate none."""


def assembled(given: dict[str, Any]) -> LanguageModel:
    """Make a classifier of the parameters of :func:`harness.classifiers.llm.llm`.

    Raises
    ------
    ConfigError
        With every option that is out of range or has no effect, and what is wrong with the prompt.
    """
    labels, seed, prompt = given.pop("labels"), given.pop("seed"), given.pop("prompt")
    shots = given["shots"]
    given |= {"shots": Pick(shots) if isinstance(shots, int) else shots}
    settings = LlmOptions(**given | {"extra_body": given["extra_body"] or {}})
    source, problems = (template_of(labels), []) if prompt is None else read_template(prompt)
    problems += settings.problems(labels)
    if problems:
        raise ConfigError(problems)
    return LanguageModel(
        settings, Prompt(source, labels, definitions_of(labels), settings.target), labels, seed
    )


class LanguageModel:
    """A language model on a server.

    Parameters
    ----------
    settings : LlmOptions
    prompt : Prompt
    labels : LabelSet
    seed : int
    is_foreign : bool
        Whether it was loaded: its address is then not one that this person wrote, and has to be trusted.

    Attributes
    ----------
    deterministic : bool
        Whether the seed changes nothing: it draws balanced shots alone.
    api_ : str
        How the model is asked; with ``auto``, what the server took.
    shots_ : Shots
    prior_ : (k,) array
        The mean probabilities that others are divided by; ones without ``debias``.
    usage_ : Usage
        What the questions took since ``fit``.
    agreement_ : float
        Share of the questions whose repeats all gave the same label; NaN for one repeat.
    may_miss : bool
        A row whose question is refused, or answered with no label, has no prediction: of several repeats,
        where all failed; of several questions about a row, where one of them has no answer.
    """

    may_miss = True

    def __init__(
        self, settings: LlmOptions, prompt: Prompt, labels: LabelSet, seed: int, *, is_foreign: bool = False
    ) -> None:
        self.settings, self.prompt, self.labels, self.seed = settings, prompt, labels, seed
        self.is_foreign = is_foreign
        self._spent_before = 0.0
        self._warned: set[str] = set()
        self.deterministic = not settings.shots.count or settings.shots.by == "nearest"

    @property
    def has_probabilities(self) -> bool:
        """Whether :meth:`predict_proba` can be called; with ``auto``, known once it is fitted."""
        api = getattr(self, "api_", self.settings.api)
        return api == "auto" or TRANSPORTS[api].has_probabilities

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Draw the shots from ``train`` and, with ``debias``, ask about the validation rows.

        Raises
        ------
        ClassifierError
            Where the server cannot be asked.
        """
        self.usage_ = Usage()
        self._agreed = self._compared = 0
        self._warned = set()
        self.shots_ = Shots.drawn(self.settings.shots, self.labels, train, self.seed)
        self.prior_ = np.ones(len(self.labels))
        if self.settings.api == "auto":
            with self._asking() as asker:
                self.api_: Api = asker.probed()
            note = f"{self.settings.model} is asked by api: {self.api_}, the first that its server answers"
            warnings.warn(note, HarnessWarning, stacklevel=2)
        else:
            self.api_ = self.settings.api
        if self.settings.debias == "none":
            return
        if not self.has_probabilities:
            raise ClassifierError(
                f"debias needs probabilities, and {self.settings.url} takes only requests without them"
            )
        if validation is None or not len(validation):
            raise ClassifierError("debias: prior needs validation rows, and the split has none")
        shares = self.predict_proba(validation.examples)
        answered = ~np.isnan(shares).any(axis=1)
        if not answered.any():
            raise ClassifierError("debias: prior needs answers about validation rows, and there are none")
        self.prior_ = np.maximum(shares[answered].mean(axis=0), MIN_PRIOR)

    def other_texts(self) -> list[str]:
        """Return the lines of a template of one's own, which may show sentences as examples."""
        source = self.prompt.source
        return (
            []
            if source == template_of(self.labels)
            else [line for line in source.splitlines() if line.strip()]
        )

    @property
    def agreement_(self) -> float:
        """Share of the questions whose repeats all gave the same label; NaN where there was one repeat."""
        return self._agreed / self._compared if self._compared else float("nan")

    def usage(self) -> dict[str, float]:
        """Return what the questions took since ``fit``, by name."""
        numbers, budget = self.usage_.summary(), self.settings.budget
        if budget is not None and "spent" in numbers:
            numbers["budget_left"] = budget - numbers["spent"]
        return numbers | ({"agreement": self.agreement_} if self._compared else {})

    def provenance(self) -> dict[str, str]:
        """Return which model answered, as it names itself, where, how and when."""
        provenance = self.usage_.provenance()
        model = provenance["model"] or f"{self.settings.model} (its server names none)"
        return {
            "model": model,
            "address": self.settings.url,
            "api": self.api_,
            "answered": provenance["answered"],
        }

    def estimate(self, train: Labelled, examples: Examples) -> Estimate:
        """Estimate the requests for examples, and their tokens, by the prompts of some of them.

        With ``auto``, requests are taken to be those for log-probabilities. ``debias`` asks about validation
        rows, which are asked about in any case.
        """
        # Which shots are the nearest is not looked up: those of a draw are as long on average.
        pick = replace(self.settings.shots, by="balanced")
        return self._estimated(examples, Shots.drawn(pick, self.labels, train, self.seed))

    def expected(self, examples: Examples) -> Estimate:
        """Estimate the requests for examples with the shots that the fitted model has."""
        pick = replace(self.settings.shots, by="balanced")
        return self._estimated(examples, replace(self.shots_, pick=pick))

    def server(self) -> str:
        """Say which model is asked where.

        Raises
        ------
        ClassifierError
            Where texts or key may not go there, or the key is not set.
        """
        check(self.settings, is_foreign=self.is_foreign)
        key = f", with the key in {self.settings.key}" if self.settings.key else ""
        return f"{self.settings.model} at {self.settings.url}{key}"

    def probes(self) -> dict[str, Estimate]:
        """Return what ``auto`` takes to find out how the model is asked; empty for another ``api``."""
        settings = self.settings
        if settings.api != "auto":
            return {}
        bodies = [json.dumps(transport.fields(PROBE)) for transport in TRANSPORTS.values()]
        tokens_in = sum(map(len, bodies)) // CHARACTERS_PER_TOKEN
        estimate = _priced(len(bodies), tokens_in, sum(TOKENS_OUT.values()), settings.prices)
        return {f"{settings.url} {settings.model}": estimate}

    def obstacles(self) -> list[str]:
        """Say why the key cannot be sent; empty where it can, or where none is needed."""
        return key_problems(self.settings)

    def server_answers(self) -> bool:
        """Say whether anything listens at the address; True where a proxy is between."""
        return is_listening(self.settings.url)

    def allow(self, budget: float) -> None:
        """Let it spend so much from now on, and no more.

        Raises
        ------
        ClassifierError
            Where it has no prices.
        """
        if self.settings.prices is None:
            raise ClassifierError(
                f"{self.settings.model} has no prices in its config, so that a budget has no effect"
            )
        self._spent_before = spent(self.settings)
        self.settings = replace(self.settings, budget=self._spent_before + budget)

    def _estimated(self, examples: Examples, shots: Shots) -> Estimate:
        api: Api = "logprobs" if self.settings.api == "auto" else self.settings.api
        transport = TRANSPORTS[api]
        sample = list(examples[:: max(1, len(examples) // SAMPLE)])
        sizes = [
            len(json.dumps(transport.fields(question), ensure_ascii=False))
            for question in self._asked_of(sample, shots, lettered=transport.is_lettered)
        ]
        requests = len(examples) * len(self.prompt.asked) * self.settings.repeats
        tokens_in = round(requests * float(np.mean(sizes)) / CHARACTERS_PER_TOKEN) if sizes else 0
        tokens_out = requests * TOKENS_OUT.get(api, 0)
        return _priced(requests, tokens_in, tokens_out, self.settings.prices)

    def predict_proba(self, examples: Examples) -> Reals:
        """Return ``(n, k)`` probabilities; NaN where there is no answer about a row.

        Raises
        ------
        ClassifierError
            Where the server cannot be asked.
        """
        if not self.has_probabilities:
            raise ClassifierError(f"api: {self.api_} gives labels without probabilities; use predict")
        shares = np.array(
            [mean_share(answers, name) for answers, name in self._answered(examples)], dtype=np.float64
        ).reshape(len(examples), len(self.labels))
        shares[np.isnan(shares).any(axis=1)] = np.nan
        return debiased(shares, self.prior_, self.labels)

    def predict(self, examples: Examples) -> NDArray[np.int64]:
        """Return the labels as codes, shaped as :meth:`harness.values.labels.LabelSet.decide` returns them.

        Of several repeats the most frequent label counts; ties go to the first label. A row without an answer
        has no label: :data:`harness.values.labels.MISSING_CODE`.

        Raises
        ------
        ClassifierError
            Where the server cannot be asked.
        """
        if self.has_probabilities:
            return self.labels.decide(self.predict_proba(examples))
        votes = np.array(
            [vote_share(answers, name) for answers, name in self._answered(examples)], dtype=np.float64
        ).reshape(len(examples), len(self.labels))
        # The most votes are the largest share; of several labels half is enough, as it is of probabilities.
        return self.labels.decide(votes)

    def save(self, folder: Path) -> str:
        """Write the address, the prompt and its shots, and no key; return the loader's address.

        The shots are texts of the training rows.
        """
        state = {
            "settings": asdict(replace(self.settings, api=self.api_)),
            "prompt": {"source": self.prompt.source, "definitions": dict(self.prompt.definitions)},
            "shots": [[asdict(example), list(codes)] for example, codes in self.shots_.rows],
            "prior": self.prior_.tolist(),
        }
        (folder / _FILE).write_text(json.dumps(state, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return "harness.classifiers.llm.classifier:load"

    def _answered(self, examples: Examples) -> Iterator[tuple[tuple[Answer, ...], str]]:
        """Ask about all rows; yield for each row and label the repeats of its answer, and the label's name.

        Where answers are missing a warning says how many, and what may help, the first time since ``fit``.
        """
        asked = self.prompt.asked
        failures: dict[str, int] = {}
        with self._asking() as asker:
            total = len(examples) * len(asked)
            every = asker.answers(self.api_, self._questions(examples))
            for answers in progress(every, "asking", total, "questions"):
                for answer in answers:
                    if answer.failure:
                        failures[answer.failure] = failures.get(answer.failure, 0) + 1
                self._compare(answers)
                if self.labels.multi:
                    yield answers, YES
                else:
                    yield from ((answers, name) for name in self.labels.names)
        if len(self.usage_.models) > 1:
            # An alias that was moved to another model, say: the answers are then not those of one model.
            names = ", ".join(sorted(self.usage_.models))
            note = f"{self.settings.model} was answered by several models: {names}"
            warnings.warn(note, HarnessWarning, stacklevel=2)
        # Once for each kind: of every part and chunk anew it would hide the other warnings.
        new = {kind: number for kind, number in failures.items() if kind not in self._warned}
        if new:
            self._warned |= set(new)
            note = describe_failures(self.settings.model, self.api_, new, total * self.settings.repeats)
            warnings.warn(note, HarnessWarning, stacklevel=2)

    def _compare(self, answers: tuple[Answer, ...]) -> None:
        if len(answers) > 1:
            self._compared += 1
            labels = {answer.label for answer in answers}
            # A failure has no label: two of them agree in nothing.
            self._agreed += len(labels) == 1 and "" not in labels

    def _questions(self, examples: Examples) -> Iterator[Question]:
        lettered = TRANSPORTS[self.api_].is_lettered
        for start in range(0, len(examples), CHUNK):
            chunk: list[Example] = list(examples[start : start + CHUNK])
            yield from self._asked_of(chunk, self.shots_, lettered=lettered)

    def _asked_of(self, rows: list[Example], shots: Shots, *, lettered: bool) -> Iterator[Question]:
        for example, by_question in zip(rows, shots.of(rows), strict=True):
            for asked, shown in zip(self.prompt.asked, by_question, strict=True):
                yield self.prompt.question(example, asked, shown, lettered=lettered)

    def _asking(self) -> Session:
        return Session(
            self.settings, self.usage_, is_foreign=self.is_foreign, spent_before=self._spent_before
        )


def _priced(requests: int, tokens_in: int, tokens_out: int, prices: Prices | None) -> Estimate:
    cost = 0.0 if prices is None else prices.cost(tokens_in, tokens_out)
    return Estimate(requests, tokens_in, tokens_out, cost)


def load(folder: Path, labels: LabelSet) -> LanguageModel:
    """Read what :meth:`LanguageModel.save` wrote.

    Raises
    ------
    ClassifierError
        Where the file is missing or damaged, or has another number of labels.
    """
    path = folder / _FILE
    with reading(path):
        state = json.loads(path.read_text(encoding="utf-8"))
        saved = dict(state["settings"])
        rate = Rate(**saved.pop("rate"))
        prices, shots = saved.pop("prices"), Pick(**saved.pop("shots"))
        settings = LlmOptions(
            **saved, shots=shots, rate=rate, prices=None if prices is None else Prices(**prices)
        )
        prior = np.array(state["prior"], dtype=np.float64)
        source, definitions = str(state["prompt"]["source"]), dict(state["prompt"]["definitions"])
        rows = tuple((_example(example), tuple(map(int, codes))) for example, codes in state["shots"])
        problems = list(settings.problems(labels))
        if problems:
            raise ValueError(str(problems[0]))
    expect_labels(path, len(prior), len(labels))
    prompt = Prompt(source, labels, definitions, settings.target)
    classifier = LanguageModel(settings, prompt, labels, 0, is_foreign=True)
    if settings.api == "auto":
        raise ClassifierError(f"{path} does not say how the model is asked")
    classifier.api_, classifier.prior_ = settings.api, prior
    classifier.shots_ = Shots(settings.shots, labels, rows)
    classifier.usage_, classifier._agreed, classifier._compared = Usage(), 0, 0
    return classifier


def _example(saved: Mapping[str, Any]) -> Example:
    return Example(saved["text"], saved["target"], tuple((a, b) for a, b in saved["spans"]), saved["holder"])
