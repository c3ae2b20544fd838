"""What is inside a registered model: data that this installed package loads, no code and no pickle.

::

    manifest.json    SHA-256 of every other file, see :mod:`harness.serving.seals`
    contract.json    task, labels, calibration, thresholds, abstention, loader, what it was trained on
    parties.json     names and aliases, to find a target that is given without a span
    MODEL_CARD.md    what a person should know before relying on it
    model/           what the classifier saved
"""
