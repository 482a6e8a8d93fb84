"""Words that all commands share: options, progress, and the line that names the next command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from radiorim.dl.device import DEVICES, on_device

__all__ = [
    "DATA",
    "common",
    "device",
    "epochs",
    "n_jobs",
    "next_step",
    "out",
    "overwrite",
    "progress",
    "say",
    "seed",
]

DATA = click.Path(path_type=Path)


def out(help_text: str) -> Callable:
    """`-o/--out`, required."""
    return click.option("-o", "--out", required=True, type=DATA, help=help_text)


seed = click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of every random choice."
)
n_jobs = click.option(
    "--n-jobs", default=1, show_default=True, type=click.IntRange(1), help="Cases at a time."
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace what another run left in --out.")


def device(command: Callable) -> Callable:
    """`--device`, in force until the command ends."""
    return click.option(
        "--device",
        default="auto",
        show_default=True,
        type=click.Choice(DEVICES),
        expose_value=False,
        callback=lambda ctx, _option, name: ctx.with_resource(on_device(name)),
        help="Where networks run; recipes without a network always run on the CPU.",
    )(command)


def common(command: Callable) -> Callable:
    """`-v` and `-q`, handled before the command sees its arguments."""
    command = click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=_quiet, help="Errors only."
    )(command)
    return click.option(
        "-v", "--verbose", count=True, expose_value=False, callback=_verbose, help="Say each step."
    )(command)


def say(sentence: str) -> None:
    """One line of progress or of advice on stderr, unless `--quiet`."""
    if logging.getLogger("radiorim").level < logging.ERROR:
        click.echo(sentence, err=True)


def next_step(command: str) -> None:
    """End a command by naming the next."""
    say(f"Next: {command}")


@contextmanager
def progress(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A function (case, done, total) that shows how far the work is: a bar, or a line a case in a log."""
    if logging.getLogger("radiorim").level >= logging.ERROR:
        yield lambda *_: None
    elif not sys.stderr.isatty():
        yield lambda case, done, total: click.echo(f"{what}: {done} of {total} {case}".rstrip(), err=True)
    else:
        with _bar() as bar:
            task = bar.add_task(what, total=None)
            yield lambda case, done, total: bar.update(
                task, completed=done, total=total, description=f"{what} {case}"
            )


@contextmanager
def epochs() -> Iterator[Callable[[dict[str, float]], None]]:
    """What a network's training tells after each epoch (`radiorim.dl.loop.Run`), as progress."""
    with progress("epochs") as tick:
        yield lambda row: tick(
            f"loss {row['loss']:.3g}, about {_time(row['seconds_left'])} left",
            int(row["epoch"]) + 1,
            int(row["epochs"]),
        )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _verbose(ctx: click.Context, option: click.Parameter, count: int) -> None:
    del ctx, option
    logger = logging.getLogger("radiorim")
    if count and logger.level != logging.ERROR:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.handlers = [handler]
        logger.setLevel(logging.INFO if count == 1 else logging.DEBUG)


def _quiet(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    del ctx, option
    if value:
        logging.getLogger("radiorim").setLevel(logging.ERROR)
