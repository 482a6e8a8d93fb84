"""Maps of given lesions as a job for the training loop: patches on lesion voxels, PR-AUC by lesion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.dl.channels import Channel, stacked
from radiorim.dl.inference import Inference, predict_volume
from radiorim.dl.patches import Batch
from radiorim.dl.store import Store
from radiorim.dl.voxeljob import VoxelData, VoxelJob
from radiorim.errors import UnknownName
from radiorim.lesions import Lesions
from radiorim.metrics.classification import pr_auc
from radiorim.recipe import Example

if TYPE_CHECKING:
    from torch import nn

__all__ = ["STATISTICS", "UNKNOWN", "MapData", "MapJob", "gather_maps", "lesion_scores", "map_near", "shown"]

UNKNOWN = 255
"""What stands in both target maps at a lesion whose kind nobody knows; `dice-bce` leaves it out."""

STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mean": lambda rims, _others: rims.mean(dtype=np.float64),
    "max": lambda rims, _others: rims.max(),
    "p95": lambda rims, _others: np.percentile(rims, 95),
    "share": lambda rims, others: rims.mean() / max(rims.mean() + others.mean(), 1e-9),
}
"""Name to what makes one number of both maps' values inside a lesion, with and without a rim.

`share` asks which map a lesion is in, given that it is one: how surely it was seen as a lesion cancels out.
"""


@dataclass(frozen=True, eq=False)
class MapData:
    """Cases by number: `voxels.inside` holds the label map of the lesions of known kind, `numbers` their
    numbers and `truth` their kinds, in one order.
    """

    voxels: VoxelData
    numbers: tuple[tuple[int, ...], ...]
    truth: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class MapJob:
    """`radiorim.dl.loop.Job`: a `VoxelJob` whose held-out cases are judged lesion by lesion."""

    data: MapData
    patches: VoxelJob
    statistic: str

    def batches(self, epoch: int) -> Iterable[Batch]:
        """The batches of an epoch."""
        return self.patches.batches(epoch)

    def score(self, module: nn.Module) -> float:
        """PR-AUC of the held-out lesions; NaN unless both kinds are among them."""
        truth, scores = self.judged(module.net)
        return pr_auc(truth, scores) if len(set(truth.tolist())) == 2 else float("nan")

    def judged(self, net: nn.Module) -> tuple[np.ndarray, np.ndarray]:
        """Truth and score of every held-out lesion."""
        truth, scores = [np.zeros(0)], [np.zeros(0)]
        data, job = self.data, self.patches
        for case in job.held:
            labels = data.voxels.inside[case]
            maps = map_near(net, data.voxels.images[case], labels, job.size, job.inference)
            scores.append(lesion_scores(maps, labels, data.numbers[case], self.statistic))
            truth.append(data.truth[case])
        return np.concatenate(truth), np.concatenate(scores)


def gather_maps(
    examples: Sequence[Example],
    channels: Sequence[Channel],
    *,
    lesion_channel: bool,
    rim_share: float = 0.0,
    budget_mib: float = 1024,
) -> MapData:
    """Prepare every case with lesions of known kind once: maps of those with and those without a rim.

    Patches are to lie on their voxels; those of lesions with a rim are noted again and again, until they are
    about `rim_share` of a case's voxels.
    """
    images, targets, labels = Store(budget_mib), Store(budget_mib / 4), Store(budget_mib / 4)
    positives, persons, numbers, truth = [], [], [], []
    for case, lesions in examples:
        if "truth" not in lesions.table or not lesions.table["truth"].notna().any():
            continue
        known = lesions.keep(lambda table: table["truth"].notna())
        images.add(shown(case, lesions, channels, lesion_channel=lesion_channel))
        targets.add(_targets(lesions))
        labels.add(np.array(known.labels.data, dtype=np.int32))
        positives.append(_centres(known, rim_share))
        persons.append(case.person)
        numbers.append(tuple(known.numbers))
        truth.append(known.table["truth"].to_numpy(float))
        case.release()
    voxels = VoxelData(images, targets, labels, tuple(positives), tuple(persons))
    return MapData(voxels, tuple(numbers), tuple(truth))


def shown(case: Case, lesions: Lesions, channels: Sequence[Channel], *, lesion_channel: bool) -> np.ndarray:
    """What the network sees of a case, float32 (c, x, y, z); the lesions as 0 and 1 come last if asked."""
    images = stacked(case, channels)
    if not lesion_channel:
        return images
    return np.concatenate([images, (lesions.labels.data > 0)[None].astype(np.float32)])


def map_near(
    net: nn.Module, images: np.ndarray, labels: np.ndarray, size: Sequence[int], how: Inference
) -> np.ndarray:
    """The maps (outputs, x, y, z) by a sliding window that is moved over the whole volume (c, x, y, z).

    Windows without a lesion are not computed, so the maps hold at lesion voxels only.
    """
    return predict_volume([net], images, size, how, inside=labels > 0)


def lesion_scores(maps: np.ndarray, labels: np.ndarray, numbers: Sequence[int], statistic: str) -> np.ndarray:
    """The statistic of the maps (2, x, y, z) inside each lesion, in the order of the numbers.

    Raises `UnknownName` for a statistic that is not in `STATISTICS`.
    """
    if statistic not in STATISTICS:
        raise UnknownName("statistic", statistic, STATISTICS)
    inside = labels > 0
    own, (rims, others) = labels[inside], maps[:, inside]
    return np.array(
        [float(STATISTICS[statistic](rims[own == number], others[own == number])) for number in numbers]
    )


def _centres(known: Lesions, rim_share: float) -> np.ndarray:
    """Voxels (k, 3) to draw from, each equally likely."""
    table = known.table
    rims = np.isin(known.labels.data, table["lesion"][table["truth"] == 1].to_numpy())
    with_rim, without = (
        np.argwhere(chosen).astype(np.int16) for chosen in (rims, (known.labels.data > 0) & ~rims)
    )
    wanted = rim_share / (1 - rim_share) * len(without) / max(len(with_rim), 1)
    return np.concatenate([np.repeat(with_rim, max(1, round(wanted)), axis=0), without])


def _targets(lesions: Lesions) -> np.ndarray:
    """Two maps, with and without a rim, as 0 and 1, both `UNKNOWN` where the kind is not known."""
    numbers, truth = lesions.table["lesion"].to_numpy(), lesions.table["truth"].to_numpy(float)
    lookup = np.zeros((2, int(lesions.labels.data.max(initial=0)) + 1), dtype=np.uint8)
    for row, kind in zip(lookup, (1, 0), strict=True):
        row[numbers] = np.where(np.isnan(truth), UNKNOWN, truth == kind)
    return np.stack([row[lesions.labels.data] for row in lookup])
