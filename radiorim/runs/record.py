"""`run.json`: what a folder was made from, so that a repeated run goes on and another one is refused."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radiorim.errors import DataError, UsageError
from radiorim.io.files import existing, read_json, write_json
from radiorim.io.provenance import provenance
from radiorim.recipe import Recipe

__all__ = ["Request", "open_run", "read_run"]

DESCRIPTION = "dataset_description.json"

RESULTS = (
    *("sub-*", "model", "folds.json", "group.html", "report.html", "leaderboard.html"),
    *(f"{name}.tsv" for name in ("scores", "contributions", "evaluation", "cases", "candidates", "failed")),
    *(f"{name}.tsv" for name in ("leaderboard", "figures", "tests", "matched", "froc", "cost")),
    *("new_lesions*", "vanished_lesions*"),
)
"""What commands leave at the top of an output folder, beside their record and `work`. By name: files of the
user's own may lie there too.
"""


@dataclass(frozen=True)
class Request:
    """What was asked for. Two runs with equal requests give equal results."""

    command: str
    inputs: Mapping[str, Path]
    recipe: Recipe | None = None
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The request as JSON data."""
        digest = None if self.recipe is None else self.recipe.digest
        inputs = {name: str(Path(path).resolve()) for name, path in self.inputs.items()}
        return {
            "command": self.command,
            "inputs": inputs,
            "recipe": digest,
            "seed": self.seed,
            **self.options,
        }


def open_run(
    out: Path, request: Request, *, overwrite: bool = False, argv: Sequence[str] | None = None
) -> dict:
    """Make the folder and its `run.json`, or go on in a folder of the same request; returns the provenance.

    Raises `UsageError` if the folder holds another run (unless `overwrite`), files that are not radiorim's or
    an input, and `DataError` for an input that does not exist, before anything is written. `overwrite` takes
    away the results of another run; its work in `work` stays, because each piece says what it was made from.
    """
    for path in request.inputs.values():
        existing(path)
    record, facts = Path(out) / "run.json", request.facts()
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out must be a folder.")
    if not record.exists():
        _require_ours(out, overwrite)
    elif read_json(record).get("request") != facts:
        if not overwrite:
            raise UsageError(
                f"{out} holds another run ({_difference(read_json(record), facts)}). "
                "Give another --out, or --overwrite to replace it."
            )
        _remove_results(out)
    files = {name: path for name, path in request.inputs.items() if Path(path).is_file()}
    made = provenance(
        files, recipe=request.recipe, seed=request.seed, argv=sys.argv[1:] if argv is None else argv
    )
    recipe = None if request.recipe is None else request.recipe.to_json()
    write_json(record, {"request": facts, "provenance": made, "recipe": recipe})
    return made


def _require_ours(out: Path, overwrite: bool) -> None:
    """A folder without a run is new, empty or somebody's: a data set is never written into."""
    if not out.exists() or not any(out.iterdir()):
        return
    if (out / DESCRIPTION).exists():
        raise UsageError(f"{out} is a data set that no run made, and stays as it is. Give another --out.")
    if not overwrite:
        raise UsageError(
            f"{out} is not empty and was not made by radiorim. Give another --out, or --overwrite."
        )


def _remove_results(out: Path) -> None:
    """Else masks, pages and folds of the former run would stand beside those of the new one."""
    for path in [path for pattern in RESULTS for path in out.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def read_run(out: Path) -> dict[str, Any]:
    """The `run.json` of a folder; raises `DataError` if it was not made by radiorim."""
    record = existing(out) / "run.json"
    if not record.exists():
        raise DataError(f"{out} holds no run.json, so it is not the output of a radiorim command.")
    return read_json(record)


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    before = old.get("request", {})
    changed = [key for key in new if before.get(key) != new[key]]
    return f"it differs in: {', '.join(changed)}" if changed else "made by another version"
