"""What made an output: versions, recipe, seed and the fingerprints of the inputs, in a JSON beside it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from radiorim import __version__
from radiorim.io.files import existing, sha256, write_json
from radiorim.recipe import Recipe

__all__ = ["LIBRARIES", "fingerprint", "provenance", "sidecar_path", "versions", "write_sidecar"]

LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "nibabel",
    "SimpleITK",
    "scikit-learn",
    "imbalanced-learn",
    "lightgbm",
    "connected-components-3d",
    "numba",
    "pyradiomics-bhklab",
    "antspyx",
    "torch",
    "monai",
)
"""The distributions whose version can move a result."""


def provenance(
    inputs: Mapping[str, Path | str],
    *,
    recipe: Recipe | None = None,
    seed: int | None = None,
    argv: Sequence[str] = (),
    when: datetime | None = None,
) -> dict[str, Any]:
    """Everything needed to make an output again, as JSON data; what is not given is left out.

    Without `when` two runs with equal inputs on one machine give equal content, and so equal bytes.
    """
    content: dict[str, Any] = {
        "radiorim": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": versions(),
        "inputs": {name: fingerprint(path) for name, path in sorted(inputs.items())},
    }
    if recipe is not None:
        content["recipe"] = {"name": recipe.name, "digest": recipe.digest}
    if seed is not None:
        content["seed"] = int(seed)
    if argv:
        content["command"] = [str(word) for word in argv]
    if when is not None:
        content["time"] = when.isoformat(timespec="seconds")
    return content


def versions() -> dict[str, str]:
    """Installed versions of `LIBRARIES`, from their metadata (nothing is imported); no absent ones."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def fingerprint(path: Path | str) -> dict[str, Any]:
    """Path, size and SHA-256 of a file; of a folder, of the sorted list of its files' names and SHA-256."""
    path = existing(path)
    if path.is_file():
        return {"path": path.as_posix(), "bytes": path.stat().st_size, "sha256": sha256(path)}
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = "".join(f"{sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    size = sum(file.stat().st_size for file in files)
    return {"path": path.as_posix(), "bytes": size, "sha256": hashlib.sha256(lines.encode()).hexdigest()}


def sidecar_path(path: Path | str) -> Path:
    """The JSON beside an output file: `x.nii.gz` and `x.tsv` both have `x.json`."""
    path = Path(path)
    name = path.name.removesuffix(".gz")
    return path.with_name(Path(name).stem + ".json")


def write_sidecar(path: Path | str, content: Mapping[str, Any]) -> Path:
    """Write `content` (provenance, a data dictionary, BIDS fields) as the JSON beside the output `path`."""
    return write_json(sidecar_path(path), dict(content))
