"""Other packages beside pyradiomics and the engine `fast`, on 20 lesions' tight crops, original features.

    python -m venv peers
    peers/bin/pip install pyradiomics-cuda flash-radiomics h5py scikit-learn numpyradiomics
    python benchmarks/features_peers.py peers/bin/python

One thread, CPU time. Peers run in their own interpreter (one of them takes pyradiomics' import name). `fast`
measures all 20 lesions of the volume at once, which is what it is for. Writes results/features_peers.tsv.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from features_cases import synthetic
from features_reference import best_use
from scipy import ndimage

from radiorim.features.texture import Texture

HERE = Path(__file__).parent
CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
NOT_MEASURED = {
    "z-rad": "installs; its own names and definitions (IBSI), not compared feature by feature here",
    "nyxus": "installs; 3-D features of files only, with names and definitions of its own",
    "pictologics": "needs Python 3.12 or newer",
}


def main(interpreter: str, lesion_count: int = 20) -> None:
    """Measure with pyradiomics, `fast` and what the other interpreter has, and write the table."""
    case, lesions = synthetic(lesion_count, seed=1)
    image, labels = case.image("flair").data.astype(float), lesions.labels.data
    reference_ms, expected = timed(
        lambda: best_use(image, labels, lesions.labels.spacing, full=False), lesion_count
    )
    texture = Texture(("flair",), classes=CLASSES)
    texture(case, lesions)
    fast_ms, frame = timed(lambda: texture(case, lesions), lesion_count)
    wanted = pd.DataFrame(expected).rename(columns=lambda key: key.removeprefix("original_").lower())
    ours = frame.set_axis(
        [column.split("original_")[1].replace("_", "") for column in frame], axis=1
    ).reset_index(drop=True)
    rows = [row("radiorim fast", fast_ms, reference_ms, agreement(ours, spelt_together(wanted)))]
    for name, found in peers(interpreter, image, labels).items():
        if "reason" in found:
            rows.append({"package": name, "note": found["reason"]})
            continue
        share = agreement(pd.DataFrame(found["features"]), wanted)
        rows.append(row(f"{name} {found['version']}", found["ms"], reference_ms, share))
    rows += [{"package": name, "note": note} for name, note in NOT_MEASURED.items()]
    table = pd.DataFrame(rows).to_csv(sep="\t", index=False, float_format="%.4g")
    command = "# python benchmarks/features_peers.py PYTHON"
    (HERE / "results" / "features_peers.tsv").write_text(f"{command}\n{table}")
    print(table)


def timed(work: Callable[[], object], lesions: int) -> tuple[float, object]:
    """Milliseconds of CPU for a lesion, and the result."""
    start = time.process_time()
    result = work()
    return 1000 * (time.process_time() - start) / lesions, result


def row(package: str, ms: float, reference_ms: float, share: float) -> dict[str, object]:
    """One line of the table."""
    return {"package": package, "ms": ms, "ratio": ms / reference_ms, "within_1e-6": share}


def spelt_together(wanted: pd.DataFrame) -> pd.DataFrame:
    """pyradiomics' names without the underscore between class and feature."""
    return wanted.rename(columns=lambda key: key.replace("_", ""))


def agreement(found: pd.DataFrame, wanted: pd.DataFrame) -> float:
    """Share of the reference's values that are there within 1e-6; a feature that is missing is not."""
    theirs = found.reindex(columns=wanted.columns).to_numpy(dtype=float)
    close = np.isclose(theirs, wanted.to_numpy(), rtol=1e-6, atol=1e-9)
    return float(close.mean())


def peers(interpreter: str, image: np.ndarray, labels: np.ndarray) -> dict[str, dict]:
    """What features_peers_child.py says of the same crops."""
    arrays = {}
    for place, box in enumerate(ndimage.find_objects(labels)):
        arrays[f"image{place}"] = image[box]
        arrays[f"mask{place}"] = (labels[box] == place + 1).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crops.npz"
        np.savez(path, **arrays)
        command = [interpreter, str(HERE / "features_peers_child.py"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout[done.stdout.index("{") :])


if __name__ == "__main__":
    main(sys.argv[1])
