"""What the command line says when something is wrong, and with which exit code."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

import click

from layerscope.errors import LayerscopeError

__all__ = [
    "DONE",
    "INTERNAL",
    "INTERRUPTED",
    "WRONG",
    "Interrupted",
    "ReaderGone",
    "clean",
    "guarded",
    "in_options",
    "say",
]

DONE, WRONG, INTERRUPTED = 0, 2, 130
#: Not one of the promised codes: a bug of ours (EX_SOFTWARE of sysexits.h).
INTERNAL = 70

#: Arguments of the Python functions -> what the command line calls them.
_WORDS = {
    "X": "the activations",
    "how": "--pool",
    "labels": "--labels",
    "layers": "--layers",
    "layout": "--layout",
    "measures": "--measures",
    "memory_limit": "--memory-limit",
    "metric": "--metric",
    "n_jobs": "--jobs",
    "n_neighbors": "--k",
    "path": "PATH",
    "pool": "--pool",
    "preset": "--preset",
    "random_state": "--seed",
    "run": "PATH",
    "stack": "PATH",
}
_IN_RULES = {
    "layerscope.pool": "--layout and --pool",
    "n_neighbors": "--k",
    "labels=": "--labels",
    "layers=": "--layers",
    "layout=": "--layout",
    "how=": "--pool",
    "pool=": "--pool",
}


class Interrupted(Exception):
    """Ctrl-C, kept from click, which would print a line of its own."""


class ReaderGone(Exception):
    """Whoever read stdout has seen enough, as in ``layerscope demo | head``."""


def say(text: str) -> None:
    """Write one line to stderr."""
    with suppress(BrokenPipeError):
        click.echo(clean(text), err=True)


def clean(text: str) -> str:
    r"""Return ``text`` on one line and without characters that steer a terminal.

    >>> clean("a\nb\x1b[31m")
    'a b\\x1b[31m'
    """
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def sentence(error: LayerscopeError) -> str:
    """Return an error's message in the words of the command line."""
    argument = _WORDS.get(error.argument, error.argument)
    value = "nothing" if error.value is None else error.value
    return str(type(error)(argument, in_options(error.rule), value, layer=error.layer))


def in_options(text: str) -> str:
    """Return ``text`` with the names of Python arguments replaced by those of options.

    >>> in_options("pass layers= to set it")
    'pass --layers to set it'
    """
    for python, option in _IN_RULES.items():
        ends = "" if python.endswith("=") else r"(?!\w)"
        text = re.sub(rf"(?<![\w-]){re.escape(python)}{ends}", option, text)
    return text


def guarded(work: Callable[[], object]) -> int:
    """Run ``work`` and return the exit code; whatever goes wrong is said in one line."""
    try:
        code = work()
    except (KeyboardInterrupt, Interrupted, click.Abort):
        say("interrupted")
        return INTERRUPTED
    except LayerscopeError as error:
        say(f"error: {sentence(error)}")
        return WRONG
    except click.ClickException as error:
        say(f"error: {_lowered(error.format_message())}")
        return WRONG
    except ReaderGone:
        _forget_stdout()
        return DONE
    except MemoryError:
        say("error: there is not enough memory for this; bound it with --memory-limit")
        return WRONG
    except OSError as error:
        say(f"error: {error.filename or 'a file'} cannot be used; {error.strerror or error}")
        return WRONG
    except Exception as error:
        traceback.print_exc()
        say(f"internal error, please report it: {type(error).__name__}: {error}")
        return INTERNAL
    return code if isinstance(code, int) else DONE


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _forget_stdout() -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
