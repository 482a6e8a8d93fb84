"""Other packages beside pyradiomics and the engine `fast`, on 20 lesions' tight crops, original features.

    python -m venv peers
    peers/bin/pip install pyradiomics-cuda flash-radiomics h5py scikit-learn numpyradiomics nyxus z-rad
    python benchmarks/features_peers.py peers/bin/python

One thread, CPU time, median of rounds in which all packages take their turn. Peers run in their own
interpreter (one of them takes pyradiomics' import name). `fast` measures all 20 lesions of the volume at
once, which is what it is for. Shares are of the features that a package has: how many it lacks is in the
note. Writes results/features_peers.tsv.
"""

from __future__ import annotations

import json
import os
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
ROUNDS = 7
NOTES = {
    "z-rad": "kurtosis and axes as IBSI has them",
    "nyxus": "files only (written and read within the time); whole numbers only; texture on bins made for it",
}
NOT_MEASURED = {"pictologics": "needs Python 3.12 or newer"}


def main(interpreter: str, lesion_count: int = 20) -> None:
    """Measure with pyradiomics, `fast` and what the other interpreter has, and write the table."""
    case, lesions = synthetic(lesion_count, seed=1)
    image, labels = case.image("flair").data.astype(float), lesions.labels.data
    texture = Texture(("flair",), classes=CLASSES)
    texture(case, lesions)
    rounds = []
    for _ in range(ROUNDS):
        reference = timed(lambda: best_use(image, labels, lesions.labels.spacing, full=False), lesion_count)
        fast = timed(lambda: texture(case, lesions), lesion_count)
        rounds.append((reference, fast, peers(interpreter, image, labels)))
    table = rows(rounds).to_csv(sep="\t", index=False, float_format="%.4g")
    command = "# python benchmarks/features_peers.py PYTHON"
    (HERE / "results" / "features_peers.tsv").write_text(f"{command}\n{table}")
    print(table)


def rows(rounds: list[tuple]) -> pd.DataFrame:
    """The table: medians of what each took, and what was found in the first round."""
    reference_ms, fast_ms = (float(np.median([each[place][0] for each in rounds])) for place in (0, 1))
    (_, expected), (_, frame), found = rounds[0]
    wanted = pd.DataFrame(expected).rename(columns=lambda key: key.removeprefix("original_").lower())
    ours = frame.set_axis(
        [column.split("original_")[1].replace("_", "") for column in frame], axis=1
    ).reset_index(drop=True)
    fast = row("radiorim fast", fast_ms, reference_ms, agreement(ours, spelt_together(wanted)))
    table = [fast | {"note": f"load {os.getloadavg()[0]:.1f}, {ROUNDS} rounds"}]
    for name in found:
        table.append(peer_row(name, [each[2][name] for each in rounds], reference_ms, wanted))
    return pd.DataFrame(table + [{"package": name, "note": note} for name, note in NOT_MEASURED.items()])


def peer_row(name: str, rounds: list[dict], reference_ms: float, wanted: pd.DataFrame) -> dict[str, object]:
    """The line of a peer."""
    if "reason" in rounds[0]:
        return {"package": name, "note": rounds[0]["reason"]}
    found = pd.DataFrame(rounds[0]["features"])
    ms = float(np.median([each["ms"] for each in rounds]))
    close = agreement(found, wanted)
    lacking, refused = len(wanted.columns.difference(found.columns)), len(found) - len(close)
    never = [kind for kind in CLASSES if not close.filter(regex=f"^{kind}_").to_numpy().any()]
    notes = [f"lacks {lacking} of {wanted.shape[1]} features"] if lacking else []
    notes += [f"refuses {refused} of {len(found)} lesions"] if refused else []
    notes += [f"nothing agrees in {', '.join(never)}"] if never else []
    notes += [NOTES[name]] if name in NOTES else []
    return row(f"{name} {rounds[0]['version']}", ms, reference_ms, close) | {"note": "; ".join(notes)}


def timed(work: Callable[[], object], lesions: int) -> tuple[float, object]:
    """Milliseconds of CPU for a lesion, and the result."""
    start = time.process_time()
    result = work()
    return 1000 * (time.process_time() - start) / lesions, result


def row(package: str, ms: float, reference_ms: float, close: pd.DataFrame) -> dict[str, object]:
    """One line of the table."""
    share = float(close.to_numpy().mean())
    return {"package": package, "ms": ms, "ratio": ms / reference_ms, "within_1e-6": share}


def spelt_together(wanted: pd.DataFrame) -> pd.DataFrame:
    """pyradiomics' names without the underscore between class and feature."""
    return wanted.rename(columns=lambda key: key.replace("_", ""))


def agreement(found: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """Which values are within 1e-6 of the reference, of the lesions and features that are there at all."""
    there = ~found.isna().all(axis=1).to_numpy()
    names = [name for name in wanted if name in found]
    close = np.isclose(found.loc[there, names].astype(float), wanted.loc[there, names], rtol=1e-6, atol=1e-9)
    return pd.DataFrame(close, columns=names)


def peers(interpreter: str, image: np.ndarray, labels: np.ndarray) -> dict[str, dict]:
    """What features_peers_child.py says of the same crops."""
    arrays = {}
    for place, box in enumerate(ndimage.find_objects(labels)):
        arrays[f"image{place}"] = image[box]
        arrays[f"mask{place}"] = (labels[box] == place + 1).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crops.npz"
        np.savez(path, **arrays)
        command = [str(Path(interpreter).absolute()), str(HERE / "features_peers_child.py"), str(path)]
        # One of the peers leaves a folder where it runs.
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout[done.stdout.index("{") :])


if __name__ == "__main__":
    main(sys.argv[1])
