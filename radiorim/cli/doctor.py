"""`radiorim doctor`."""

from __future__ import annotations

import importlib.util
import os
import platform
import tempfile
import time
from pathlib import Path

import click

from radiorim import __version__, phantom, recipes
from radiorim.cli.shared import common, next_step
from radiorim.errors import DataError
from radiorim.metrics.classification import roc_auc
from radiorim.runs.crossvalidation import crossvalidate_cases

CORE = (
    "numpy",
    "scipy",
    "pandas",
    "nibabel",
    "SimpleITK",
    "sklearn",
    "imblearn",
    "lightgbm",
    "skops",
    "nilearn",
)
EXTRAS = {
    "pyradiomics": ("radiomics", "texture features: --engine pyradiomics"),
    "ants": ("ants", "SyN registration and ANTs' own N4"),
    "dl": ("torch", "networks"),
    "cluster": ("dask", "--backend dask"),
    "notebooks": ("jupyterlab", "the notebooks"),
}


@click.command("doctor")
@common
def command() -> None:
    """Say what is installed, what each extra unlocks, and run a self-test of some seconds."""
    click.echo(
        f"radiorim {__version__} · Python {platform.python_version()} · {platform.system()} "
        f"{platform.machine()} · {os.cpu_count()} cores"
    )
    missing = [name for name in CORE if importlib.util.find_spec(name) is None]
    click.echo(f"  {'core':<12} {'ok' if not missing else 'missing ' + ', '.join(missing)}")
    for extra, (library, what) in EXTRAS.items():
        there = importlib.util.find_spec(library) is not None
        state = "ok" if there else f"-   pip install 'radiorim[{extra}]'"
        click.echo(f"  {extra:<12} {state:<40} {what}")
    click.echo(f"  {'writable':<12} {_writable()}")
    click.echo(f"  {'self-test':<12} {_self_test()}")
    if missing:
        raise DataError(
            f"radiorim cannot work without {', '.join(missing)}. Run: pip install --force-reinstall radiorim"
        )
    next_step("radiorim demo demo")


def _writable() -> str:
    places = {"temporary folder": Path(tempfile.gettempdir()), "current folder": Path.cwd()}
    refused = [name for name, place in places.items() if not os.access(place, os.W_OK)]
    return f"no: {', '.join(refused)}" if refused else "ok    temporary folder, current folder"


def _self_test() -> str:
    """Cross-validate the rim recipe on small phantom people, all in memory."""

    start = time.monotonic()
    cases = phantom.cohort(6, seed=0, small=True)
    judged = crossvalidate_cases(recipes.get("rim-radiomics-boost"), cases, n=2)
    known = judged[judged["truth"].notna()]
    area = roc_auc(known["truth"], known["score"])
    took = time.monotonic() - start
    return f"ok    6 small phantom people, {len(known)} lesions, ROC-AUC {area:.2f}, {took:.0f} s"
