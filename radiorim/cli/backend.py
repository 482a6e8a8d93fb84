"""Where the pieces of a command run: in this process and its children, or on a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from radiorim.errors import DataError, UsageError, require

__all__ = ["backend_options", "require_scheduler", "workers"]


def backend_options(command: Callable) -> Callable:
    """`--backend local|dask` and `--scheduler ADDRESS`."""
    command = click.option(
        "--scheduler", metavar="ADDRESS", help="Address of a dask scheduler, such as tcp://host:8786."
    )(command)
    return click.option(
        "--backend",
        default="local",
        show_default=True,
        type=click.Choice(["local", "dask"]),
        help="Where the pieces run; dask needs --scheduler and a file system that its workers share.",
    )(command)


def require_scheduler(backend: str, scheduler: str | None) -> None:
    """Raise `UsageError` unless the two options fit each other."""
    if (backend == "dask") != bool(scheduler):
        raise UsageError("--backend dask and --scheduler ADDRESS go together.")


@contextmanager
def workers(scheduler: str | None) -> Iterator[None]:
    """Pieces run here, or on the workers of a dask cluster while the block lasts.

    Raises `MissingExtra` without dask and `DataError` if no scheduler answers.
    """
    if scheduler is None:
        yield
        return
    from joblib import parallel_config

    distributed = require("distributed", "cluster")
    try:
        client = distributed.Client(scheduler, set_as_default=True)
    except (OSError, TimeoutError, ValueError) as error:
        raise DataError(f"no dask scheduler answers at {scheduler} ({error}). Is it running?") from error
    with client, parallel_config("dask", wait_for_workers_timeout=60):
        yield
