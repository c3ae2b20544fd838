"""What packages do to the warnings of a process: those of later classifiers must not be lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import toys

RUN = """\
import sys, warnings, harness
harness.run(sys.argv[1], track=False)
print([shown for shown in warnings.filters if shown[0] == "ignore" and shown[1:4] == (None, Warning, None)])
"""


def test_a_run_silences_no_warning_of_its_process(folder: Path) -> None:
    config = toys.prepared(folder, "  prior: {kind: prior}\n  verbs: {kind: 'toys:verbs'}").plan.source
    paths = os.pathsep.join([str(Path(toys.__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths, "HARNESS_TRUST": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", RUN, str(config)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    # What pytest makes of warnings is not passed on to the process.
    assert ended.stdout.splitlines()[-1] == "[]"
