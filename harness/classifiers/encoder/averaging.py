"""Several encoders in, one with the mean of their weights out (a model soup; Wortsman et al. 2022)."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.protocol import Labelled


def average_weights(models: Sequence[Encoder]) -> Encoder:
    """Return an encoder with the mean of the weights of several, which costs no more to serve than one.

    Parameters
    ----------
    models : sequence of Encoder
        Fitted, with the same options; at least one. They stay as they are.

    Returns
    -------
    Encoder
        With a network of its own.
    """
    import torch

    first = models[0]
    network = copy.deepcopy(first.network_)
    states = [model.network_.state_dict() for model in models]
    network.load_state_dict(
        {
            # Whole numbers, such as position ids, are the same in all.
            name: torch.stack([state[name] for state in states]).mean(dim=0)
            if value.is_floating_point()
            else value
            for name, value in states[0].items()
        }
    )
    soup = Encoder(first.options, first.labels, first.seed)
    soup.set_network(first.tokenizer_, network)
    return soup


def average_or_best(
    models: Sequence[Encoder], validation: Labelled | None
) -> tuple[Encoder, dict[str, float]]:
    """Return the average of models, or a better one of them on ``validation``; and the average's score."""
    from harness.classifiers.encoder.prediction import f1_macro

    soup = average_weights(models)
    if validation is None:
        return soup, {}
    labels = soup.labels
    soup_score, *scores = (
        f1_macro(validation.codes, labels.decide(model.predict_proba(validation.examples)), labels)
        for model in (soup, *models)
    )
    # Of equals the soup, which depends less on a single seed.
    best = soup if soup_score >= max(scores) else models[scores.index(max(scores))]
    return best, {"average_f1_macro": soup_score}
