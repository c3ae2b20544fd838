from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from golden import Golden
from refused import listing, places, refused

from harness.values import catalog, legacy
from harness.values.errors import ConfigError, suggest
from harness.values.labels import STANCE, LabelSet


@dataclass(frozen=True)
class Rates:
    """A group of options."""

    body: float = 1e-4
    head: float = 1e-3


def factory(
    *,
    strength: float = 1.0,
    words: tuple[int, int] = (1, 2),
    target: Literal["marked", "none"] = "marked",
    path: Path | None = None,
    rates: Rates = Rates(),
    balanced: bool = False,
    labels: LabelSet,
    seed: int,
) -> dict[str, Any]:
    return dict(locals())


def needy(*, name: str, size: int) -> tuple[str, int]:
    return name, size


class Broken:
    """No factory: it cannot be called."""


not_callable = Broken()
HERE = "tests_catalog_factories"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, HERE, sys.modules[__name__])


def bind(kind: str, **options: Any) -> catalog.Bound:
    return catalog.bind("classifier", f"{HERE}:{kind}", options, "classifiers.mine")


def test_defaults_are_filled_in_and_injected_parameters_are_not() -> None:
    bound = bind("factory", strength=2)
    assert dict(bound.options) == {
        "strength": 2.0,
        "words": (1, 2),
        "target": "marked",
        "path": None,
        "rates": Rates(),
        "balanced": False,
    }
    arguments = bound.make(labels=STANCE, seed=3, task="stance")
    assert (arguments["labels"], arguments["seed"], arguments["strength"]) == (STANCE, 3, 2.0)


def test_the_canonical_form_is_plain_data() -> None:
    canonical = bind("factory", rates={"body": 2e-5}, words=[1, 3]).canonical()
    assert canonical == {
        "kind": f"{HERE}:factory",
        "strength": 1.0,
        "words": [1, 3],
        "target": "marked",
        "path": None,
        "rates": {"body": 2e-5, "head": 1e-3},
        "balanced": False,
    }


REFUSED: dict[str, tuple[Callable[[], object], list[str]]] = {
    "options": (
        partial(
            bind,
            "factory",
            strenght=1,
            target="masked",
            balanced=1,
            seed=3,
            words=[1, 2, 3],
            rates={"tail": 1},
        ),
        [
            "classifiers.mine.strenght",
            "classifiers.mine.seed",
            "classifiers.mine.words",
            "classifiers.mine.target",
            "classifiers.mine.rates.tail",
            "classifiers.mine.balanced",
        ],
    ),
    "missing options": (partial(bind, "needy", size="2"), ["classifiers.mine.name", "classifiers.mine.size"]),
    "a renamed option": (
        partial(catalog.bind, "split", "holdout", {"calibrate": 0.3}, "split"),
        ["split.calibrate"],
    ),
    "a mistyped kind": (partial(catalog.bind, "classifier", "linaer", {}, "mine"), ["mine.kind"]),
    "a module that is not there": (
        partial(catalog.bind, "classifier", "no_such_module:f", {}, "mine"),
        ["mine.kind"],
    ),
    "an attribute that is not there": (
        partial(catalog.bind, "classifier", f"{HERE}:factori", {}, "mine"),
        ["mine.kind"],
    ),
    "an object that is no factory": (
        partial(catalog.bind, "classifier", f"{HERE}:not_callable", {}, "mine"),
        ["mine.kind"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_problem_is_named_at_once(case: str) -> None:
    action, where = REFUSED[case]
    error = refused(action)
    assert type(error) is ConfigError
    assert places(error) == where


def test_what_is_refused_says_why(golden: Golden) -> None:
    golden("values/catalog", listing({case: action for case, (action, _) in REFUSED.items()}))


@pytest.mark.parametrize("kind", catalog.CATALOGUES["split"])
def test_a_renamed_option_is_named_with_its_present_name(kind: str) -> None:
    error = refused(partial(catalog.bind, "split", kind, {"calibrate": 0.3}, "split"))
    assert type(error) is ConfigError
    assert places(error) == ["split.calibrate"]
    assert "'calibration'" in str(error)


def test_former_options_are_options_no_more() -> None:
    for section, kinds in catalog.CATALOGUES.items():
        for kind in set(kinds) & set(legacy.OPTIONS):
            fields = catalog.options_model(catalog.lookup(section, kind, kind), section).model_fields
            assert not set(legacy.OPTIONS[kind]) & set(fields)


def test_relative_paths_start_from_the_folder_that_says_so(tmp_path: Path) -> None:
    bound = catalog.bind(
        "classifier", f"{HERE}:factory", {"path": "x/y.csv"}, "", lambda option: tmp_path / option
    )
    assert bound.options["path"] == (tmp_path / "path" / "x" / "y.csv").resolve()


@pytest.mark.parametrize(("written", "inside"), [("./model", "here/model"), ("../model", "model")])
def test_a_text_that_is_written_as_a_path_starts_there_too(written: str, inside: str, tmp_path: Path) -> None:
    bound = catalog.bind("classifier", "encoder", {"checkpoint": written}, "", lambda _: tmp_path / "here")
    assert bound.options["checkpoint"] == str((tmp_path / inside).resolve())
    assert (
        catalog.bind("classifier", "encoder", {"checkpoint": "a/b"}, "", lambda _: tmp_path).options[
            "checkpoint"
        ]
        == "a/b"
    )


def test_suggestions(golden: Golden) -> None:
    close, far = suggest("test_sizee", ["test_size", "seed"]), suggest("q", ["b", "a"])
    assert "'test_size'" in close
    assert "seed" not in close
    assert far.endswith(" a, b")
    golden("values/suggestions", "\n".join((close, far, suggest("q", []))))


@pytest.mark.parametrize(
    ("section", "kind"),
    [(section, kind) for section, entries in catalog.CATALOGUES.items() for kind in entries],
)
def test_every_entry_can_be_imported_and_is_documented(section: catalog.Section, kind: str) -> None:
    entry = catalog.lookup(section, kind, kind)
    if section == "metric":
        assert entry.name == kind
        assert entry.reference
        return
    assert entry.__doc__, f"{section} {kind} has no docstring"
    fields = catalog.options_model(entry, section).model_fields
    # More for the corpora of a person's own, and for a server and a prompt, which are written by hand.
    most = {"corpus": 14, "classifier": 16 if kind == "llm" else 12}.get(section, 12)
    assert len(fields) <= most, "group options in a dataclass beyond twelve"
    for name in fields:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*( :|$)", entry.__doc__, re.MULTILINE), f"{kind}.{name}"
