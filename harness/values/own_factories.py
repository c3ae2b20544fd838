"""The address of a user's own factory in, the factory or its signature out, or a problem of the config."""

from __future__ import annotations

import sys
from typing import Any

from harness.values import own_code
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.own_signature import UNREAD


def own_factory(address: str, where: str) -> Any:
    """Import a user's own factory, or, where only reading is allowed, return its signature.

    Parameters
    ----------
    address : str
        ``package.module:attribute``.
    where : str
        Named in the problem.

    Raises
    ------
    ConfigError
        Where it is not trusted, cannot be imported or is not there.
    """
    try:
        if own_code.level() == "read":
            code = own_code.locate(address)
            return code.signature() or UNREAD
        return own_code.imported(address)
    except own_code.UntrustedCodeError as error:
        raise ConfigError([Problem(where, error.what, error.hint)]) from error
    except (ImportError, SyntaxError, TypeError, ValueError) as error:
        # Of a name that is no name of a module, too: empty, relative, with a null character.
        raise ConfigError([Problem(where, f"{address!r} cannot be imported: {error}")]) from error
    except AttributeError as error:
        module, _, attribute = address.partition(":")
        public = [name for name in dir(sys.modules.get(module)) if not name.startswith("_")]
        raise ConfigError(
            [Problem(where, f"{module} has no {attribute!r}", suggest(attribute, public))]
        ) from error
