"""The package's own code in, the pages of ``docs/reference`` out: verbs, config keys, catalogues.

Nothing here is written by hand twice: help texts, descriptions and docstrings are the source.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.values import catalog

NOTE = "<!-- Written by docs/generated.py; what it says is changed in the code. -->\n"


def write(folder: Path) -> None:
    """Write every generated page; a page that is unchanged keeps its time, so that builds are quick."""
    pages = {
        "cli.md": cli(),
        "config.md": config(),
        "classifiers.md": factories("classifier", "Classifiers", CLASSIFIERS),
        "splits.md": factories("split", "Splits", SPLITS),
        "audits.md": factories("audit", "Audits", AUDITS),
        "metrics.md": metrics(),
        "corpora.md": corpora(),
        "limits.md": limits_page(),
        "api.md": api(),
    }
    for name, body in pages.items():
        path, page = folder / name, NOTE + body
        if not path.is_file() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")


CLASSIFIERS = """\
`kind:` of an entry under `classifiers:`. Options are keys beside it; `tune: {C: [0.1, 1, 10]}` is a grid, and
`tune` with a `space` a search, on rows that promotion does not go by (see the guide on searches). A
kind of your own is `module:function`, where the module lies beside the config.
"""
SPLITS = """\
`kind:` under `split:`. What is drawn is drawn by group, such as the article, wherever the corpus has groups.
"""
AUDITS = """\
Names under `audits:`, each with its options or `off`. Every audit gives a verdict and a sentence.
"""


def limits_page() -> str:
    """Return the page of the limits of what is read."""
    from harness.values import limits

    rows = [f"| {limit.subject} | {limit.maximum:,} {limit.unit} | {limit.remedy} |" for limit in limits.ALL]
    return "\n".join(["# Limits", "", LIMITS, "| of | at most | beyond it |", "|---|---|---|", *rows, ""])


LIMITS = """\
What is read from outside has a largest size, and is read in time proportional to its size up to it. A larger
input is refused, with its place and with what to do. A row of a table that is beyond a limit can be set
aside: see [how to label a file](../how-to/predict.md).
"""


def cli() -> str:
    """Return the page of the command line."""
    import click
    import typer

    from harness.cli.main import app

    command = typer.main.get_command(app)
    context = click.Context(command, info_name="harness")
    lines = ["# Command line", "", "`harness VERB --help` prints the same.", "", *_for_all(command, context)]
    for name, verb in _verbs(command, context):
        lines += [f"## harness {name}", "", _paragraph(verb.help or ""), ""]
        rows = list(_parameters(verb, context))
        if rows:
            lines += ["| parameter | what | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _for_all(command: Any, context: Any) -> Iterator[str]:
    """Yield what holds for every verb: the options in front of it, and the exit codes."""
    from harness.cli.main import EXIT_CODES, WITHOUT_OUTPUT_OPTIONS

    yield "In front of the verb:"
    yield ""
    yield from ("| option | what | default |", "|---|---|---|")
    completion = ("install_completion", "show_completion")
    yield from (
        row
        for row in _parameters(command, context)
        if not any(f"--{name.replace('_', '-')}" in row for name in completion)
    )
    yield ""
    exempt = " and ".join(f"`{name}` ({why})" for name, why in WITHOUT_OUTPUT_OPTIONS.items())
    yield "Every verb takes `--json` (print one JSON document and nothing else) and `--quiet` (print only"
    yield f"errors and warnings), except {exempt}."
    yield ""
    yield from ("## Exit codes", "", "| code | what |", "|---|---|")
    yield from (f"| {code} | {what} |" for code, what in EXIT_CODES.items())
    yield ""


def _verbs(group: Any, context: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(context):
        verb = group.get_command(context, name)
        if hasattr(verb, "list_commands"):
            yield from _verbs(verb, context, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", verb


def _parameters(verb: Any, context: Any) -> Iterator[str]:
    for parameter in verb.params:
        # The last three are the same for every verb.
        if parameter.name in ("help", "json_", "quiet"):
            continue
        is_argument = parameter.param_type_name == "argument"
        names = parameter.name if is_argument else ", ".join(parameter.opts)
        default = parameter.get_default(context)
        written = "" if default in (None, "", (), []) or default is False else f"`{_plain(default)}`"
        if is_argument and parameter.required:
            written = "required"
        yield f"| `{names}` | {_cell(getattr(parameter, 'help', '') or '')} | {written} |"


def _plain(value: Any) -> str:
    return str(getattr(value, "value", value))


def config() -> str:
    """Return the page of the keys of a config."""
    from harness.config.schema import SECTIONS, ExperimentConfig

    lines = [
        "# Keys of a config",
        "",
        "A config is YAML 1.2: `no`, `none` and `off` are text. Unknown keys are refused, with a suggestion.",
        "Paths are taken from the folder of the config; `${NAME:default}` is an environment variable",
        "([secrets](../how-to/experiments.md) are shown by name);",
        "`extends: other.yaml` starts from another file, and `~` removes what it says.",
        "",
        *_fields(ExperimentConfig),
    ]
    for name, section in SECTIONS.items():
        lines += ["", f"## {name}", "", _paragraph(inspect.getdoc(section) or ""), "", *_fields(section)]
    return "\n".join([*lines, ""])


def _fields(model: Any) -> list[str]:
    rows = ["| key | what | default |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if field.is_required():
            default = "required"
        elif field.default_factory is not None:
            made = field.default_factory()
            default = f"`{made}`" if isinstance(made, dict) else "see below"
        else:
            default = "" if field.default in (None, "") else f"`{_listed(field.default)}`"
        rows.append(f"| `{name}` | {_cell(field.description or '')} | {default} |")
    return rows


def _listed(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


def factories(section: catalog.Section, title: str, introduction: str) -> str:
    """Return the page of a catalogue whose entries are factories."""
    lines = [f"# {title}", "", introduction]
    for kind in catalog.CATALOGUES[section]:
        factory = catalog.lookup(section, kind, kind)
        fields = catalog.options_model(factory, section).model_fields
        lines += [f"## {kind}", "", *_docstring(factory, set(fields)), ""]
        defaults = {
            name: "required" if field.is_required() else f"`{_default(field.default)}`"
            for name, field in fields.items()
        }
        if defaults:
            lines += ["| option | default |", "|---|---|"]
            lines += [f"| `{name}` | {default} |" for name, default in defaults.items()]
            lines.append("")
    return "\n".join(lines)


def _default(value: Any) -> str:
    return "~" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _docstring(function: Any, options: set[str]) -> list[str]:
    """Turn a numpydoc docstring into Markdown: its text, then a list of its options."""
    from numpydoc.docscrape import NumpyDocString

    parsed = NumpyDocString(inspect.getdoc(function) or "")
    lines = [*_paragraphs([*parsed["Summary"], "", *parsed["Extended Summary"]])]
    for parameter in parsed["Parameters"]:
        names = [name.strip() for name in parameter.name.split(",")]
        if options.isdisjoint(names):
            continue
        described = _markup(" ".join(line.strip() for line in parameter.desc))
        written = ", ".join(f"`{name}`" for name in names)
        kind = f" ({_markup(parameter.type)})" if parameter.type else ""
        lines += ["", f"{written}{kind}", f": {described}" if described else ": –"]
    return lines


def metrics() -> str:
    """Return the page of the metrics."""
    lines = [
        "# Metrics",
        "",
        "Names under `metrics:` and `primary:`. Per-label metrics give one value for each label.",
        "",
        "| metric | what it says | tasks | better | range | probabilities | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in catalog.CATALOGUES["metric"]:
        metric = catalog.lookup("metric", name, name)
        needs = "needed" if metric.probabilities else ""
        tasks = {"single": "one label", "multi": "several labels", "both": "both"}[metric.tasks]
        bounds = f"{_bound(metric.low)} to {_bound(metric.high)}"
        lines.append(
            f"| `{name}` | {_cell(metric.gloss)} | {tasks} | {metric.direction} | {bounds} | {needs}"
            f" | {_cell(metric.reference)} |"
        )
    return "\n".join([*lines, ""])


def _bound(value: float) -> str:
    return "∞" if value == float("inf") else "−∞" if value == float("-inf") else f"{value:g}"


def corpora() -> str:
    """Return the page of the corpora: options of each kind, and the data card of the published ones."""
    from harness.corpora.card import card_of

    lines = [
        "# Corpora",
        "",
        "`kind:` under `corpus:`. Published corpora are read from their original files: the folder is the",
        "option `folder`, the environment variable on the card, or what `harness corpus fetch` downloaded.",
        "",
    ]
    for kind in catalog.CATALOGUES["corpus"]:
        factory = catalog.lookup("corpus", kind, kind)
        fields = catalog.options_model(factory, "corpus").model_fields
        lines += [f"## {kind}", "", *_docstring(factory, set(fields)), ""]
        card = card_of(kind, factory)
        if card is None:
            continue
        variable = f"`{card.variable}`" if card.variable else "ships with the package"
        facts = (("title", card.title), ("tasks", ", ".join(card.tasks)), ("licence", card.licence))
        lines += ["| card | |", "|---|---|"]
        lines += [f"| {name} | {_cell(value)} |" for name, value in facts]
        lines += [f"| files | {variable} |", ""]
    return "\n".join(lines)


def api() -> str:
    """Return the page of the Python API, for autodoc."""
    import harness

    functions = [name for name in harness.__all__ if inspect.isfunction(getattr(harness, name))]
    classes = [name for name in harness.__all__ if inspect.isclass(getattr(harness, name))]
    lines = ["# Python API", "", _paragraph((harness.__doc__ or "").partition(">>>")[0]), ""]
    lines += ["## Functions", "", *_autodoc("autofunction", functions)]
    lines += ["## Classes", "", *_autodoc("autoclass", classes, "   :members:", "   :no-index-entry:")]
    return "\n".join(lines)


def _autodoc(directive: str, names: Iterable[str], *options: str) -> Iterator[str]:
    for name in names:
        yield from ("```{eval-rst}", f".. {directive}:: harness.{name}", *options, "```", "")


def _paragraphs(lines: Iterable[str]) -> list[str]:
    text = "\n".join(lines)
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    out: list[str] = []
    for block in blocks:
        out += [_paragraph(block), ""]
    return out[:-1]


def _paragraph(text: str) -> str:
    return _markup(" ".join(textwrap.dedent(text).split()))


def _markup(text: str) -> str:
    """Turn the marks of reStructuredText into those of Markdown."""
    text = re.sub(r":\w+:`~?([^`]+)`", lambda match: f"`{match[1].rpartition('.')[2]}`", text)
    return text.replace("``", "`").replace("<", "&lt;").replace("|", "\\|")


def _cell(text: str) -> str:
    return _markup(" ".join(text.split()))
