"""ExperimentConfig in, Plan out: everything resolved, nothing run."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.catalog import Bound
from harness.config.schema import ExperimentConfig
from harness.labels import LabelSet, Task
from harness.metrics.metric import Metric
from harness.tables import fingerprint
