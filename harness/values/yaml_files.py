"""A YAML text in, its data out, within the limits of size, depth and aliases."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.values import limits
from harness.values.limits import Limit
from harness.values.unreadable import UnreadableError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

# What ruamel.yaml raises beside its own errors for values that are none: !!int x, 2031-13-45, {a}: 1.
_UNUSABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    TypeError,
    ValueError,
)


# The time of ruamel.yaml grows with the square of the brackets that are open; some may stand in texts.
MAX_BRACKETS = 2 * limits.DEPTH.maximum
_BRACKETS = re.compile(r"[\[\]{}]")


def read_yaml(path: Path, limit: Limit = limits.YAML_BYTES, *, kind: Literal["safe", "rt"] = "safe") -> Any:
    """Read a YAML file; see :func:`parse_yaml`.

    Raises
    ------
    UnreadableError
        Also where the file cannot be opened, or is larger than the limit.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(limit.maximum + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        # ValueError: a path with a null character.
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UnreadableError(f"cannot be read: {reason}") from error
    if limit.exceeded_by(len(raw)):
        raise UnreadableError(str(limit))
    return parse_yaml(text, kind=kind)


def parse_yaml(text: str, *, kind: Literal["safe", "rt"] = "safe") -> Any:
    """Parse YAML 1.2.

    Parameters
    ----------
    text : str
    kind : {"safe", "rt"}
        ``safe`` gives plain data; ``rt``, round trip, data that know their lines, and takes much longer.

    Raises
    ------
    UnreadableError
        With the line, where it is not YAML or beyond a limit.
    DuplicateKeyError
        Of ruamel.yaml, where a key is repeated: the caller may know where it was first set.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError

    if _bracket_depth(text) > MAX_BRACKETS:
        raise UnreadableError(str(limits.DEPTH))
    yaml = YAML(typ=kind, pure=True)
    yaml.Constructor = _constructor(kind)
    try:
        with warnings.catch_warnings():
            # YAML allows an anchor to be set anew.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            return yaml.load(text)
    except DuplicateKeyError:
        raise
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise UnreadableError(f"is not YAML: {error.problem}", line) from None
    except YAMLError as error:
        raise UnreadableError(f"is not YAML: {error}") from None
    except RecursionError:
        raise UnreadableError(str(limits.DEPTH)) from None
    except _UNUSABLE as error:
        raise UnreadableError(
            f"is not YAML: {' '.join(str(error).split()) or type(error).__name__}"
        ) from None


@cache
def _constructor(kind: str) -> type:
    """Return a constructor that looks at the nodes of a document before it makes anything of them."""
    from ruamel.yaml.constructor import RoundTripConstructor, SafeConstructor

    base = SafeConstructor if kind == "safe" else RoundTripConstructor

    class Bounded(base):  # type: ignore[misc, valid-type]  # one of two classes
        def construct_document(self, node: Any) -> Any:
            _check_nodes(node)
            return super().construct_document(node)

    return Bounded


def _check_nodes(root: Node) -> None:
    """Refuse nodes that are nested too deeply, contain themselves, or are too many with aliases written out.

    An alias leads to the node of its anchor, so that each node is looked at once: a bomb of aliases is
    counted without being written out.
    """
    from ruamel.yaml.nodes import CollectionNode

    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[Node, Iterator[Node]]] = [(root, _inner(root))]
    open_nodes.add(id(root))
    while stack:
        node, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            open_nodes.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(inner)] for inner in _inner(node))
            if limits.YAML_NODES.exceeded_by(sizes[id(node)]):
                raise UnreadableError(str(limits.YAML_NODES), _line(node))
        elif id(child) in open_nodes:
            raise UnreadableError("is not a tree: an alias stands inside of what it names", _line(child))
        elif id(child) not in sizes:
            if len(stack) >= limits.DEPTH.maximum and isinstance(child, CollectionNode):
                raise UnreadableError(str(limits.DEPTH), _line(child))
            open_nodes.add(id(child))
            stack.append((child, _inner(child)))


def _inner(node: Node) -> Iterator[Node]:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, SequenceNode):
        yield from node.value


def _bracket_depth(text: str) -> int:
    """Return how many brackets are open at once, wherever they stand."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1 if node.start_mark else 0
