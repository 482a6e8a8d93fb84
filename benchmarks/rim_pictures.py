"""Look at the phantom's rims: `python benchmarks/rim_pictures.py OUT.png [--people 2] [--seed 0]`.

One column for each lesion: rims first, then each kind of mimic. Rows: GRE magnitude, high-pass phase, QSM,
true susceptibility, and QSM with the lesion's outline.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

from radiorim.phantom import Params, Person, make_person

matplotlib.use("Agg")
from matplotlib import pyplot as plt

HALF = 16
"""Voxels from the middle of a picture to its edge."""

_PPB = (-50, 60)

ROWS = (("t2star", 200, 1000), ("phase", -0.5, 0.5), ("chi", *_PPB), ("true", *_PPB), ("outline", *_PPB))

KINDS = {
    "rim": "rim == 1",
    "doubt": "ambiguous == 1 and volume_mm3 > 100",
    "arc": "kind == 'arc' and ambiguous == 0 and volume_mm3 > 60",
    "solid": "kind == 'solid' and ambiguous == 0 and volume_mm3 > 60",
    "central vein": "rim == 0 and ambiguous == 0 and central_vein == 1 and volume_mm3 > 60",
    "at cortex": "zone == 'juxtacortical' and kind == 'isointense' and volume_mm3 > 60",
    "at ventricle": "zone == 'periventricular' and kind == 'isointense' and volume_mm3 > 60",
}


@dataclass(frozen=True, eq=False)
class Shown:
    """One lesion in its plane: pictures by row and the lesion's mask."""

    title: str
    pictures: dict[str, np.ndarray]
    mask: np.ndarray


def main() -> None:
    """Make people and save one sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--difficulty", default="medium")
    options = parser.parse_args()
    params = Params(gre=True).at(options.difficulty)
    shown: list[Shown] = []
    for number in range(1, options.people + 1):
        shown += chosen(make_person(number, options.seed, params), most=4 if options.people == 2 else 2)
    order = {kind: place for place, kind in enumerate(KINDS)}
    shown.sort(key=lambda one: order[one.title.split("\n", maxsplit=1)[0]])
    draw(shown, options.out)


def chosen(person: Person, most: int) -> Iterator[Shown]:
    """Up to `most` rims and two of each other kind, the largest first."""
    for kind, rule in KINDS.items():
        rows = person.truth.table.query(rule).sort_values("volume_mm3", ascending=False)
        for row in rows.head(most if kind == "rim" else 2).itertuples():
            title = f"{kind}\n{row.volume_mm3:.0f} mm3\n{row.rim_ppb:.0f}/{row.core_ppb:.0f} ppb"
            yield cut(person, row.lesion, title)


def cut(person: Person, lesion: int, title: str) -> Shown:
    """The axial plane in which the lesion is largest."""
    mask = person.truth.labels.data == lesion
    level = int(np.argmax(mask.sum(axis=(0, 1))))
    middle = np.argwhere(mask[:, :, level]).mean(axis=0).round().astype(int)
    box = tuple(slice(max(0, m - HALF), m + HALF) for m in middle)
    images = {name: volume.data for name, volume in person.images.items()}
    images["true"] = person.true_chi.data
    images["outline"] = images["chi"]
    return Shown(title, {name: images[name][(*box, level)] for name, _, _ in ROWS}, mask[(*box, level)])


def draw(shown: list[Shown], out: Path) -> None:
    """All of them on one sheet."""
    across = 14
    blocks = -(-len(shown) // across)
    figure, axes = plt.subplots(blocks * len(ROWS), across, figsize=(across, blocks * (len(ROWS) + 1)))
    for axis in axes.ravel():
        axis.axis("off")
    for place, one in enumerate(shown):
        block, column = divmod(place, across)
        for row, (name, low, high) in enumerate(ROWS):
            axis = axes[block * len(ROWS) + row, column]
            axis.imshow(one.pictures[name].T, cmap="gray", vmin=low, vmax=high, origin="lower")
            if name == "outline":
                axis.contour(one.mask.T, [0.5], colors="red", linewidths=0.7)
        axes[block * len(ROWS), column].set_title(one.title, fontsize=6)
    figure.tight_layout(pad=0.2)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
