"""Arguments in, calls and rendered answers out: the command line as a whole."""

from __future__ import annotations

import codecs
import errno
import os
import signal
import sys
import traceback
import typing
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Annotated, Any, TextIO

import typer

# The verbs import what they need when they are called: `harness --help` waits for nothing heavy.
from harness.cli import (
    articles,
    audits,
    caching,
    comparisons,
    corpora,
    data_view,
    drift,
    examples,
    experiments,
    exploring,
    labelling,
    language_models,
    learning,
    models,
    papers,
    parties,
    predicting,
    sampling,
    stores,
    suites,
    trusting,
)
from harness.cli.reporting import Hiding, with_output_options
from harness.cli.trusting import EXECUTING, reading, with_trust_option
from harness.values.errors import HarnessError, HarnessWarning
from harness.values.version import VERSION

INTERRUPTED = 130
"""As shells report a process that SIGINT (2) ended: 128 + 2."""

OF_THE_SYSTEM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
"""What the system answers where a disk, or the rights to it, do not suffice."""

EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "It was done.",
        1: "It failed; the reason is on standard error. What finished before is logged.",
        2: "It was called wrongly, or a config cannot be resolved; nothing was run.",
        INTERRUPTED: "It was interrupted by Ctrl-C or SIGTERM; the same command, run again, finishes it.",
    }
)
"""What a script may rely on."""

WITHOUT_OUTPUT_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "schema": "its output is JSON already",
        "explore": "it prints one address and serves until it is stopped",
        "ui": "it prints one address and serves until it is stopped",
        "label": "without --output it prints one address and serves until it is stopped",
        "serve-llm": "it prints one address and serves until it is stopped",
    }
)
"""Verbs that take neither ``--json`` nor ``--quiet``, and why."""

ASCII_FORMS: Mapping[str, str] = MappingProxyType(
    {"–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "“": '"', "”": '"', "‘": "'", "’": "'", "·": "."}
    | {"≥": ">=", "≤": "<=", "→": "->", "✓": "x", "•": "*"}
    | dict.fromkeys("─━═╴╶", "-")
)
"""How characters are written where standard output cannot encode them; any other is a question mark."""

app = typer.Typer(
    name="harness",
    help="Evaluate classifiers that label sentences by stance toward a party and by framing.",
    no_args_is_help=True,
    # Help is plain text, as in the documentation: rich would draw boxes and read brackets as markup.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def options_for_all(
    context: typer.Context,
    store: Annotated[
        str,
        typer.Option(
            envvar="HARNESS_STORE",
            help="Where runs are stored: a folder, or the address of an MLflow server or database."
            " Default: .harness here or in a folder above.",
        ),
    ] = "",
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Evaluate classifiers that label sentences by stance toward a party and by framing."""
    if store:
        # Through the environment: whatever opens a store, in this process or in one of its own, finds it.
        before = os.environ.get("HARNESS_STORE")
        os.environ["HARNESS_STORE"] = store
        context.call_on_close(lambda: _restore("HARNESS_STORE", before))


for room in (
    examples,
    experiments,
    data_view,
    comparisons,
    exploring,
    models,
    predicting,
    articles,
    sampling,
    labelling,
    learning,
    drift,
    audits,
    suites,
    papers,
    parties,
    corpora,
    stores,
    caching,
    language_models,
    trusting,
):
    room.add_to(app)


def _restore(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def _add_output_options(group: typer.Typer, prefix: str = "") -> None:
    for command in group.registered_commands:
        assert command.callback is not None
        name = prefix + (command.name or command.callback.__name__)
        guarded = with_trust_option if name in EXECUTING else reading
        command.callback = guarded(command.callback)
        if name not in WITHOUT_OUTPUT_OPTIONS:
            command.callback = with_output_options(command.callback)
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        _add_output_options(inner.typer_instance, f"{prefix}{inner.name} ")


_add_output_options(app)


def _show(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Show the harness's own warnings as a line for people; the others as they are."""

    def shown(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, HarnessWarning):
            typer.echo(f"warning: {message}", err=True)
        else:
            otherwise(message, category, *where, **more)

    return shown


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Write what a stream cannot encode in characters that every encoding has."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(ASCII_FORMS.get(character, "?") for character in text), error.end


def _make_tolerant() -> None:
    """Let standard output and standard error take every text: a dash must not end a run of an hour."""
    codecs.register_error("harness", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        # A test, or a program that calls this one, may have put another object in their place.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="harness")


def main() -> None:
    """Run the command line; a failure that a person can act on ends in a message, not in a traceback."""
    # A scheduler that ends a job is answered like Ctrl-C: runs are closed as KILLED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = _show(warnings.showwarning)
    _make_tolerant()
    sys.stdout, sys.stderr = typing.cast("tuple[TextIO, TextIO]", (Hiding(sys.stdout), Hiding(sys.stderr)))
    try:
        app(prog_name="harness")
    except HarnessError as error:
        typer.echo(error, err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a file that may not be read: a person can act on it. Anything else is a fault of ours.
        if error.errno not in OF_THE_SYSTEM:
            raise
        typer.echo(f"{error.filename or 'a file'} cannot be read or written: {error.strerror}", err=True)
        sys.exit(HarnessError.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:
        # Typer turns Ctrl-C inside a verb into this code.
        if end.code == INTERRUPTED:
            _interrupted()
        raise
    finally:
        # Last: Typer sets a hook of its own.
        sys.excepthook = _report


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback, of a fault or of a person's own code."""
    sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))


def _interrupted() -> None:
    typer.echo("interrupted; run again to finish", err=True)
    sys.exit(INTERRUPTED)
