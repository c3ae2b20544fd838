"""Saved models in, their average out: as an ensemble and as one model with the mean of their weights.

    python -m experiments.encoder.ensemble chosen-1 chosen-2 chosen-3 [--test]

Prints macro-F1 on mt-dev and rw-dev pooled, and on mt-test if requested: of each model, of the mean of their
probabilities, and of one model with the mean of their weights (a model soup; Wortsman et al. 2022), which
costs no more to serve than one. The models are those that ``study.py`` saved.
"""

from __future__ import annotations

import argparse

import numpy as np

from experiments.encoder.rows import MODELS, labelled
from harness.classifiers.encoder import load
from harness.classifiers.encoder.averaging import average_weights
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.values.labels import STANCE


def main() -> None:
    from harness.classifiers.encoder.prediction import f1_macro

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", help="of saved models")
    parser.add_argument("--test", action="store_true", help="score mt-test too, for what was decided on dev")
    arguments = parser.parse_args()
    corpus = newsmtsc(variant="mt", dev="both")
    parts = [labelled(corpus, split=name) for name in ("dev", "test")[: 1 + arguments.test]]
    models = [load(MODELS / name / "model", STANCE) for name in arguments.names]
    probas = [[model.predict_proba(part.examples) for part in parts] for model in models]
    by_name = dict(zip(arguments.names, probas, strict=True))
    by_name["ensemble"] = [np.mean(of_part, axis=0) for of_part in zip(*probas, strict=True)]
    soup = average_weights(models)
    by_name["soup"] = [soup.predict_proba(part.examples) for part in parts]
    for name, of_parts in by_name.items():
        scores = [
            f1_macro(part.codes, proba.argmax(axis=1), STANCE)
            for part, proba in zip(parts, of_parts, strict=True)
        ]
        print(f"{name}: {', '.join(f'{score:.4f}' for score in scores)}")


if __name__ == "__main__":
    main()
