"""What is refused: the error that an action raises, and listings of messages for golden files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from harness.values.errors import HarnessError, ProblemsError


def refused(action: Callable[[], object]) -> HarnessError:
    """Return the error that an action raises."""
    with pytest.raises(HarnessError) as caught:
        action()
    return caught.value


def places(error: HarnessError) -> list[str]:
    """Return where the problems of an error are."""
    assert isinstance(error, ProblemsError), error
    return [problem.where for problem in error.problems]


def listing(actions: Mapping[str, Callable[[], object]]) -> str:
    """List the errors that actions raise, by the names of the actions: a text for a golden file."""
    errors = {name: refused(action) for name, action in actions.items()}
    return "\n\n".join(f"# {name}: {type(error).__name__}\n{error}" for name, error in errors.items())
