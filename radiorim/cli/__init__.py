"""The command line: one file for each command, imported only when it is asked for."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from radiorim import __version__
from radiorim.errors import DataError, RadiorimError, UnknownName

__all__ = ["app", "main", "run"]

COMMANDS = {
    "doctor": "Say what is installed and test that it works.",
    "demo": "Make a phantom cohort to try everything on, offline.",
    "list": "List the recipes.",
    "show": "Show one recipe with all its numbers.",
    "cite": "Give the citation and methods text of a recipe.",
    "prepare": "Register, correct and match a pair of FLAIR scans.",
    "detect": "Find new lesions between two FLAIR scans.",
    "inject": "Put known lesions into a scan of your own and grade a recipe on it.",
    "extract-features": "Measure lesions: one row each.",
    "train": "Fit a recipe and save the model.",
    "classify": "Score lesions with a model, or by cross-validation.",
    "evaluate": "Compare found with true lesions.",
    "benchmark": "Compare recipes on the same people, lesions and folds.",
    "report": "Write pages to look at.",
}

CLOSED_PIPE = 141
"""Exit code when the reader has left (`| head`), as of other programs: click answers it with `SystemExit`."""


# `list` is no name to use in this file: once `radiorim list` was run, it is the module of that command.


class LazyGroup(click.Group):
    """A group that imports a command's file only when that command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which one meets them."""
        del ctx
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command; raises `UnknownName` with the nearest names."""
        if cmd_name not in COMMANDS:
            raise UnknownName("command", cmd_name, COMMANDS)
        if ctx.resilient_parsing or getattr(ctx, "listing", False):
            return click.Command(cmd_name, help=COMMANDS[cmd_name])
        module = importlib.import_module(f"radiorim.cli.{cmd_name.replace('-', '_')}")
        return module.command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing any command."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="radiorim")
def app() -> None:
    """New lesions and rim lesions of multiple sclerosis: find, measure, judge, compare.

    Start with `radiorim doctor`, then `radiorim demo demo`.
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code (README, "Exit codes"). Every error ends in one sentence."""
    try:
        app.main(args=[*arguments] or ["--help"], prog_name="radiorim", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except SystemExit:
        return CLOSED_PIPE
    except BaseException as error:
        sentence, code = _explained(error)
        click.echo(f"radiorim: {sentence}", err=True)
        return code
    return 0


def _explained(error: BaseException) -> tuple[str, int]:
    """One sentence for any error, and the exit code that goes with it."""
    if isinstance(error, RadiorimError):
        return str(error), error.exit_code
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = f" Try '{context.command_path} --help'." if context else ""
        return error.format_message() + hint, 2
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "stopped; run the same command to go on", 130
    # Without a number the system said nothing: a library raised it, and that is a bug like any other.
    if isinstance(error, OSError) and error.errno is not None:
        logging.getLogger("radiorim").debug("where that was", exc_info=error)
        return _refused(error), DataError.exit_code
    return f"this is a bug: traceback in {_crash_file()}; please send it", 1


def _refused(error: OSError) -> str:
    """What the system refused to do, with which file, and what can be done about it."""
    file = "" if error.filename is None else f"{error.filename}: "
    advice = "Check that the path is right, that you may read and write there, and that the disk has room."
    return f"{file}{error.strerror}. {advice}"


def _crash_file() -> Path:
    """The traceback in a file: in the current folder, or in the temporary one if that is read-only."""
    folder = Path.cwd() if os.access(Path.cwd(), os.W_OK) else None
    start = f"radiorim-crash-{datetime.now():%Y%m%d-%H%M%S}-"
    # Two crashes in one second need two names.
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix=start, suffix=".txt", dir=folder, delete=False
    ) as stream:
        stream.write(f"radiorim {__version__}\n{' '.join(sys.argv)}\n\n{traceback.format_exc()}")
    return Path(stream.name)
