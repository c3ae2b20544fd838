"""Examples in, the answers of a large language model on a server out, as labels and probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.classifiers.llm.classifier import LanguageModel, assembled
from harness.classifiers.llm.ledger import Prices
from harness.classifiers.llm.options import RATE, ApiOption, Debias, Rate
from harness.classifiers.llm.shots import Pick
from harness.classifiers.protocol import Target, needs_no_training
from harness.values.labels import LabelSet


@needs_no_training
def llm(
    *,
    api: ApiOption = "auto",
    url: str,
    model: str,
    key: str = "",
    prompt: Path | None = None,
    target: Target = "pair",
    shots: int | Pick = 0,
    debias: Debias = "none",
    concurrency: int = 8,
    timeout: float = 60.0,
    rate: Rate = RATE,
    prices: Prices | None = None,
    budget: float | None = None,
    repeats: int = 1,
    max_tokens: int = 64,
    extra_body: dict[str, Any] | None = None,
    labels: LabelSet,
    seed: int,
) -> LanguageModel:
    """Ask a language model on a server with OpenAI's interface. Answers are kept: none is asked for twice.

    Parameters
    ----------
    api : {"auto", "decisions", "systemone", "logprobs", "json"}
        See :mod:`harness.classifiers.llm.transports`; ``auto`` takes the first that the server knows.
    url : str
        Up to and with ``/v1``. Texts are sent there.
    model : str
        As the server calls it.
    key : str
        Environment variable that holds the key, which goes only where ``harness trust key`` allows it.
    prompt : Path, optional
        A template, see :mod:`harness.classifiers.llm.prompting`; default: the shipped one for the labels.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`.
    shots : int or Pick
        Labelled training rows that the prompt shows.
    debias : {"none", "prior"}
        ``prior`` divides probabilities by their mean over the validation rows (after Zhao et al. 2021).
    concurrency : int
        Requests at a time, from 1 to 256.
    timeout : float
        Seconds for an answer, from first to last byte.
    rate : Rate
        Limits of one's own.
    prices : Prices, optional
        Of a million tokens.
    budget : float, optional
        What this machine may spend on this model at this address in all, in the currency of the prices.
    repeats : int
        How often each question is asked; probabilities, or votes, are averaged.
    max_tokens : int
        Of an answer in JSON; more for a model that reasons first.
    extra_body : mapping, optional
        Fields that are added to every request; null takes out one, such as ``temperature``, which is 0.
    labels, seed : LabelSet, int
        Passed in by the harness; the seed draws balanced shots and changes nothing else.

    Raises
    ------
    ConfigError
        With every option that is out of range or has no effect, and what is wrong with the prompt.
    """
    # All parameters by name: they are listed above and checked in options, and a third list would go wrong.
    return assembled(dict(locals()))
