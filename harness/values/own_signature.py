"""Source code in, the signature of one of its functions or classes out; nothing is run."""

from __future__ import annotations

import ast
import inspect
import typing
from pathlib import Path
from typing import Any

from harness.values.python_syntax import parse_expression, parse_module

TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "Path": Path,
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "Literal": typing.Literal,
    "None": None,
}
"""Types that an option may have and that mean the same in every module; any other is not checked."""


COMPUTED = "computed"
"""Stands for a default that is no literal: a call, a name."""

BRANCHES = (ast.If, ast.Try, ast.With, ast.For, ast.While)


class Signature:
    """A factory as its source describes it: options can be checked against it, and it is never called.

    Parameters
    ----------
    name : str
    signature : inspect.Signature
        Defaults that the source computes are :data:`COMPUTED`: such options are not required.
    """

    def __init__(self, name: str, signature: inspect.Signature) -> None:
        self.__name__ = name
        self.__signature__ = signature
        self.__annotations__ = {
            parameter.name: parameter.annotation
            for parameter in signature.parameters.values()
            if parameter.annotation is not inspect.Parameter.empty
        }

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refuse: there is only a signature."""
        raise TypeError(f"{self.__name__} was read, not imported")


UNREAD = Signature("unread", inspect.Signature())
"""Stands for a factory whose signature its source does not tell: it takes every option."""


def signature_of(file: Path, attribute: str) -> Signature | None:
    """Return the signature of a function, or of a class's constructor, at the top of a file.

    Returns
    -------
    Signature or None
        None where the name is bound in another way: imported from elsewhere, or computed.

    Raises
    ------
    AttributeError
        Where the file binds no such name.
    SyntaxError
        Where it is not Python.
    """
    tree = parse_module(file.read_text(encoding="utf-8"), str(file))
    bound: dict[str, ast.AST] = {}
    for node in tree.body:
        for name in _names(node):
            bound[name] = node
    if attribute not in bound:
        # A star, or a branch, may bind it.
        if "*" in bound or any(isinstance(node, BRANCHES) for node in tree.body):
            return None
        raise AttributeError(f"{file.name} has no {attribute!r}")
    definition = bound[attribute]
    if isinstance(definition, ast.FunctionDef):
        # A decorator may change the signature.
        return None if definition.decorator_list else Signature(attribute, _signature(definition.args))
    return _of_class(definition) if isinstance(definition, ast.ClassDef) else None


def first_text(file: Path, attribute: str) -> str:
    """Return the first argument of the call that makes an object, ``NAME = Metric("agreement", …)``.

    Returns
    -------
    str
        The name of the attribute in small letters where the source does not tell.
    """
    for node in parse_module(file.read_text(encoding="utf-8"), str(file)).body:
        if attribute in _names(node) and isinstance(call := getattr(node, "value", None), ast.Call):
            for argument in (*call.args[:1], *(word.value for word in call.keywords if word.arg == "name")):
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    return argument.value
    return attribute.lower()


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _of_class(node: ast.ClassDef) -> Signature | None:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return Signature(node.name, _signature(inner.args, skip=1))
    # A constructor that is inherited or made by a decorator (a dataclass) is not in the source.
    return None


def _signature(arguments: ast.arguments, skip: int = 0) -> inspect.Signature:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*missing, *arguments.defaults], strict=True)][skip:]
    parameters = [_parameter(argument, default) for argument, default in pairs]
    keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters += [_parameter(argument, default) for argument, default in keyword_only]
    if arguments.kwarg is not None:
        parameters.append(inspect.Parameter(arguments.kwarg.arg, inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters)


def _parameter(argument: ast.arg, default: ast.expr | None) -> inspect.Parameter:
    value: Any = inspect.Parameter.empty
    if default is not None:
        try:
            value = ast.literal_eval(default)
        except ValueError:
            value = COMPUTED
    return inspect.Parameter(
        argument.arg, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=_type(argument.annotation)
    )


def _type(node: ast.expr | None) -> Any:
    """Return the type that an annotation names; Any where it is none of :data:`TYPES`."""
    try:
        return _known_type(node)
    except (KeyError, TypeError, ValueError, SyntaxError):
        return Any


def _known_type(node: ast.expr | None) -> Any:
    match node:
        case None:
            return Any
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str() as text):
            return _known_type(parse_expression(text))
        case ast.Name(id=name):
            return TYPES[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return typing.Union[_known_type(left), _known_type(right)]  # noqa: UP007
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            values = ast.literal_eval(inner)
            return typing.Literal[values]
        case ast.Subscript(value=ast.Name(id=name), slice=inner):
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            parts = [... if _is_ellipsis(item) else _known_type(item) for item in items]
            return TYPES[name][tuple(parts) if len(parts) > 1 else parts[0]]
        case _:
            raise KeyError(ast.dump(node))


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis
