"""How many questions have no answer, and of which kind, in; what is said of it, and what may help, out."""

from __future__ import annotations

from collections.abc import Mapping

from harness.values.formatting import counted

REFUSED = "what declines is the model or a filter of its server: try another model, server or prompt"
MALFORMED: Mapping[str, str] = {
    "json": "try a higher max_tokens, if the model reasons first, or another prompt or model",
    "logprobs": "try api: json with a higher max_tokens, if the model reasons first, or another prompt",
}
"""By the kind of request: what helps against answers that hold no label, and nothing against refusals."""

OTHERWISE = "try another prompt or model"


def describe_failures(model: str, api: str, failures: Mapping[str, int], total: int) -> str:
    """Say how many answers are missing so far.

    Parameters
    ----------
    model, api : str
    failures : mapping
        ``refused`` or ``malformed`` → answers.
    total : int
        Questions.
    """
    remedies = {"refused": REFUSED, "malformed": MALFORMED.get(api, OTHERWISE)}
    kinds = " and ".join(
        f"{counted(number, 'answer')} {kind} ({remedies[kind]})" for kind, number in sorted(failures.items())
    )
    return (
        f"{model}: of its first {counted(total, 'question')} {kinds}; a row without an answer counts as"
        " wrong; those that follow are counted and not warned of again"
    )
