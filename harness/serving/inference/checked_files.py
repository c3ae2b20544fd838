"""The files that a call names in, a refusal before a model is loaded where they cannot be used, out."""

from __future__ import annotations

from pathlib import Path

from harness.serving.inference.chunks import files_of
from harness.serving.inference.file_options import DEFAULT, FileOptions
from harness.serving.inference.formats import format_of
from harness.values.errors import ModelError
from harness.values.outputs import keep_apart


def check_files(source: Path | None, output: Path | None, options: FileOptions = DEFAULT) -> None:
    """Refuse an input that cannot be read at all and an output that is an input, before a model is loaded.

    Parameters
    ----------
    source, output : Path or None
        None: standard input, standard output.
    options : FileOptions

    Raises
    ------
    ModelError
        Where the input does not exist, or its ending names no format.
    SameFileError
        Where a file is named twice.
    """
    if source is not None and not source.exists():
        raise ModelError(f"{source}: does not exist")
    if source is not None:
        for path in files_of(source):
            format_of(path)
        if output is not None and source.is_dir() and output.resolve().is_relative_to(source.resolve()):
            raise ModelError(f"{output}: lies in the folder that is labelled; write it elsewhere")
    keep_apart([output, options.skip_bad], [source])
