"""The open trials of an experiment in, how many threads each computes with out.

A process has the cores divided by the number of processes. That is too few for a run with a single fine-tuned
encoder, whose other trials end soon: it would take longer in several processes than in one, in which the
encoder has all cores.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from harness.classifiers.protocol import Multithreaded, Resumable
from harness.config.plan import PlannedClassifier
from harness.evaluation.fitting import make_classifier
from harness.evaluation.prepared import Prepared
from harness.evaluation.search.search import is_handed_out
from harness.runs.executors.jobs import Job
from harness.runs.executors.resources import Resources
from harness.values.errors import HarnessError


def share_threads(prepared: Prepared, jobs: Sequence[Job], resources: Resources) -> list[Job]:
    """Let the longest trials, of those that use all threads they get, share the cores.

    It goes by which trials are open, and not by when they begin: threads change the last digits.

    Parameters
    ----------
    prepared : Prepared
    jobs : sequence of Job
    resources : Resources
        Of this machine.

    Returns
    -------
    list of Job
        In the same order.
    """
    classifiers = {job.trial.classifier.name: job.trial.classifier for job in jobs}
    ranks = {name: _rank(prepared, classifier) for name, classifier in classifiers.items()}
    longest = max(ranks.values(), default=0)
    wide = {name for name, rank in ranks.items() if rank == longest > 0}
    threads = resources.threads_of(sum(width(job) for job in jobs if job.trial.classifier.name in wide))
    return [replace(job, threads=threads if job.trial.classifier.name in wide else None) for job in jobs]


def width(job: Job) -> int:
    """Return how many trainings a job is at once: of a search that is handed out, those of a batch."""
    search = job.trial.classifier.search
    return search.settings.batch if search is not None and is_handed_out(job.trial.classifier) else 1


def _rank(prepared: Prepared, classifier: PlannedClassifier) -> int:
    """Return 0 for what uses one thread, 1 for what uses all, 2 for what also trains long, and resumes."""
    # What cannot be made says why where it is trained.
    with contextlib.suppress(HarnessError):
        instance = make_classifier(classifier.bound, prepared, 0)
        if isinstance(instance, Multithreaded) and instance.multithreaded:
            return 2 if isinstance(instance, Resumable) else 1
    return 0
