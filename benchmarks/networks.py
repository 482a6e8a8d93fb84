"""Networks: training and sliding-window inference beside plain MONAI code, and the memory of a cohort.

    python benchmarks/networks.py            # nnU-Net's widths up to 128, patches of 64
    python benchmarks/networks.py --quick    # up to 64, patches of 32, fewer steps: a few minutes

Both sides have the same network with the same start, the same patches a batch, loss, optimiser and flips, and
normalise each scan once (MONAI: CacheDataset). They take turns in one run; the ratio is MONAI's time by ours:
above 1 radiorim is faster. On a GPU too if torch sees one. Memory: 20 pairs of 182 x 218 x 182, gathered
and trained on for a few steps in a process of their own. Writes results/networks.tsv.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from monai import data as monai_data
from monai import transforms as mt
from monai.inferers import sliding_window_inference

from radiorim.blocks import Augment, BalancedVoxels, Channel, Inference, Loss, Net, Optimiser, Training
from radiorim.case import Case, Lazy
from radiorim.dl.device import memory_format, on_device
from radiorim.dl.inference import predict_volume
from radiorim.dl.loop import fit
from radiorim.dl.supervised import Supervised
from radiorim.dl.voxeljob import VoxelData, VoxelJob, gather_voxels
from radiorim.lesions import Lesions
from radiorim.volume import Volume

RESULTS = Path(__file__).parent / "results"
FULL = (182, 218, 182)
BRAIN = 0.8
"""The brain along each axis as a share of the grid: .77 to .85 on the half-way grids of two real pairs."""
CHANNELS = (Channel("flair0"), Channel("flair"))
OPTIMISER = Optimiser("adamw", lr=1e-3)
Row = dict[str, object]


@dataclass(frozen=True)
class Size:
    """How large a comparison is; `patches` of each case make an epoch, `batch` of them a step."""

    widths: tuple[int, ...] = (16, 32, 64, 128)
    edge: int = 64
    shape: tuple[int, int, int] = (128, 160, 128)
    cases: int = 4
    patches: int = 4
    batch: int = 2
    repeats: int = 5

    @property
    def net(self) -> Net:
        """The network of both sides."""
        return Net("dyn-unet", channels=2, options={"widths": self.widths})

    @property
    def patch(self) -> tuple[int, int, int]:
        """The patch of both sides."""
        return (self.edge,) * 3


QUICK = Size(widths=(16, 32, 64), edge=32, shape=(128, 160, 128), cases=2, patches=8, repeats=3)


def pair(number: int, shape: tuple[int, int, int]) -> Case:
    """Two visits of noise with some bright cubes in an ellipsoid as brain, made when they are asked for."""
    places = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij"))
    brain = ((places**2).sum(0) < BRAIN**2).astype(np.uint8)
    labels = np.zeros(shape, np.int32)
    centres = np.random.default_rng([number, 1]).uniform(0.35, 0.65, (6, 3)) * shape
    for label, centre in enumerate(centres.astype(int), start=1):
        labels[tuple(slice(at - 3, at + 4) for at in centre)] = label
    grid = Volume(labels, np.eye(4))

    def image(visit: int) -> Volume:
        scan = np.random.default_rng([number, visit + 2]).random(shape, dtype=np.float32)
        scan[labels > 0] += visit
        return grid.like(scan)

    return Case(
        id=f"sub-{number:02d}_ses-02",
        person=f"sub-{number:02d}",
        images=Lazy({"flair0": lambda: image(0), "flair": lambda: image(1)}),
        masks=Lazy({"brain": lambda: grid.like(brain)}),
        truth=lambda: Lesions.from_labels(grid).with_columns(status="new"),
    )


def job_of(data: VoxelData, size: Size) -> VoxelJob:
    """Patches half on lesions, half anywhere, flipped, as `Segmenter` draws them."""
    return VoxelJob(
        data=data,
        train=tuple(range(len(data.persons))),
        held=(),
        size=size.patch,
        sampling=BalancedVoxels(per_case=size.patches),
        augment=Augment(flip=0.5),
        inference=Inference(),
        threshold=0.5,
        seed=0,
        batch=size.batch,
    )


def our_training(cases: Sequence[Case], size: Size, device: str) -> Callable[[], None]:
    """An epoch by radiorim's loop."""
    job = job_of(gather_voxels(cases, CHANNELS, "new"), size)
    module = Supervised(size.net.build(seed=0), Loss("dice-ce").build())
    training = Training(epochs=1, batch=size.batch, optimiser=OPTIMISER)

    def epoch() -> None:
        with on_device(device):
            fit(job, module, training, seed=0)

    return epoch


def monai_training(cases: Sequence[Case], size: Size, device: str) -> Callable[[], None]:
    """An epoch as MONAI's tutorials write it: CacheDataset, RandCropByPosNegLabeld, a plain loop."""
    keys = ["image", "label"]
    steps = mt.Compose(
        [
            mt.NormalizeIntensityd("image", channel_wise=True),
            mt.RandCropByPosNegLabeld(keys, "label", size.patch, 1, 1, num_samples=size.batch),
            *(mt.RandFlipd(keys, prob=0.5, spatial_axis=axis) for axis in range(3)),
        ]
    )
    items = [
        {
            "image": torch.from_numpy(np.stack([case.image(name).data for name in ("flair0", "flair")])),
            "label": torch.from_numpy((case.truth().labels.data > 0)[None].astype(np.float32)),
        }
        for case in cases
        for _ in range(size.patches // size.batch)
    ]
    loader = monai_data.DataLoader(
        monai_data.CacheDataset(items, steps, progress=False), batch_size=1, shuffle=True
    )
    net, loss = size.net.build(seed=0).to(device), Loss("dice-ce").build()
    optimiser = torch.optim.AdamW(net.parameters(), lr=OPTIMISER.lr, weight_decay=OPTIMISER.weight_decay)

    def epoch() -> None:
        net.train()
        for batch in loader:
            optimiser.zero_grad()
            with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
                output = net(batch["image"].to(device))
            loss(output.float(), batch["label"].to(device)).backward()
            optimiser.step()

    return epoch


def inferences(
    case: Case, size: Size, device: str, *, everywhere: bool
) -> tuple[Callable[[], None], Callable[[], None]]:
    """A volume by radiorim and by MONAI's sliding_window_inference: half overlap, Gaussian weights.

    radiorim, as its recipes do, leaves out windows without brain, where MONAI's answer is not used; not if
    `everywhere`.
    """
    volume = np.stack([case.image(name).data for name in ("flair0", "flair")])
    ours, theirs = (size.net.build(seed=0).to(device).eval() for _ in range(2))
    ours.to(memory_format=memory_format(torch.device(device)))
    inside = None if everywhere else case.mask("brain").data

    def by_radiorim() -> None:
        predict_volume([ours], volume, size.patch, Inference(), inside=inside)

    def by_monai() -> None:
        with torch.no_grad():
            shown = torch.from_numpy(volume)[None].to(device)
            answer = sliding_window_inference(shown, size.patch, 4, theirs, overlap=0.5, mode="gaussian")
            answer.sigmoid().cpu().numpy()

    return by_radiorim, by_monai


def ratio(ours: Callable[[], None], theirs: Callable[[], None], repeats: int, device: str) -> Row:
    """Median seconds of both, taking turns after one round that does not count, and median ratio.

    CPU time on a CPU, which others on the machine disturb less; wall time on a GPU.
    """
    clock = time.perf_counter if device == "cuda" else time.process_time
    seconds: dict[str, list[float]] = {"radiorim_s": [], "monai_s": []}
    for turn in range(repeats + 1):
        for name, work in zip(seconds, (ours, theirs), strict=True):
            start = clock()
            work()
            if device == "cuda":
                torch.cuda.synchronize()
            if turn:
                seconds[name].append(clock() - start)
    by_turn = np.array(seconds["monai_s"]) / np.array(seconds["radiorim_s"])
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    spread = f"{by_turn.min():.2f} to {by_turn.max():.2f} over {repeats} turns"
    return {**medians, "ratio": float(np.median(by_turn)), "note": spread}


def compared(size: Size, device: str) -> Iterator[Row]:
    """Rows of training and of inference on a device."""
    cases = [pair(number, size.shape) for number in range(size.cases)]
    where = {"device": torch.cuda.get_device_name() if device == "cuda" else processor()}
    what = f"{'-'.join(map(str, size.widths))}, patch {size.edge}"
    epoch = ratio(
        our_training(cases, size, device), monai_training(cases, size, device), size.repeats, device
    )
    yield {"measure": f"training epoch, DynUNet {what}, {size.cases * size.patches} patches"} | where | epoch
    shape = " x ".join(map(str, size.shape))
    for everywhere, which in ((False, "windows with brain"), (True, "every window")):
        sides = inferences(cases[0], size, device, everywhere=everywhere)
        both = ratio(*sides, size.repeats, device)
        yield {"measure": f"sliding window, DynUNet {what}, {shape}, {which}"} | where | both


def processor() -> str:
    """The processor and how many threads torch uses."""
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def memory(cases: int) -> Row:
    """Peak resident MiB of a process that gathers pairs of full size and trains a few steps."""
    command = [sys.executable, __file__, "--child", str(cases)]
    facts = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        "measure": f"peak RSS in MiB, {cases} pairs of 182 x 218 x 182: gather and {cases // 4} steps",
        "device": processor(),
        "radiorim_mib": facts["peak_mib"],
        "note": f"{facts['before_mib']:.0f} MiB of it the libraries alone",
    }


def child(cases: int) -> dict[str, float]:
    """What `memory` runs in a process of its own."""
    torch.set_num_threads(1)
    size = Size(widths=(16, 32, 64), edge=48, patches=1, batch=4)
    net = Supervised(size.net.build(seed=0), Loss("dice-ce").build())
    before = peak_mib()
    data = gather_voxels([pair(number, FULL) for number in range(cases)], CHANNELS, "new")
    with on_device("cpu"):
        fit(job_of(data, size), net, Training(epochs=1, optimiser=OPTIMISER), seed=0)
    return {"before_mib": before, "peak_mib": peak_mib()}


def peak_mib() -> float:
    """The most this process ever held (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smaller network and fewer turns")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch on the CPU")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return
    torch.set_num_threads(options.threads)
    size = QUICK if options.quick else Size()
    rows = [memory(20)]
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        rows += compared(size, device)
    table = pd.DataFrame(rows)[
        ["measure", "device", "radiorim_s", "monai_s", "ratio", "radiorim_mib", "note"]
    ]
    RESULTS.mkdir(exist_ok=True)
    command = " ".join(["# python benchmarks/networks.py", *sys.argv[1:]])
    text = table.to_csv(sep="\t", index=False, float_format="%.4g", na_rep="n/a")
    (RESULTS / "networks.tsv").write_text(f"{command}\n{text}")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
