"""Networks at the full profile: one step of the optimiser of each recipe, on a CPU, with its memory.

    python benchmarks/full_profile.py                  # all recipes with a network
    python benchmarks/full_profile.py frodo refine     # some of them; the others' rows stay as they are

Each recipe is fitted (`Model.fit`: its own steps, patches, batch, loss and optimiser) on phantom people of
1.5 mm in a process of its own, but each stage of training ends after its first step, nobody is held out,
and an ensemble has one member. A batch that needs more than 10 GiB, or far too long, is taken in parts of
`part` patches, whose gradients add up, and maybe not whole (`batch_run`): batch normalisation and losses over
a batch then see a part. `step_s` is CPU time of one thread without drawing the patches, `peak_gib` the most
that the process held during the step, `before_gib` what it held when the step began. After a step of more
than a minute the loss is not asked again; the weights are finite in every row. `counted` is what
`radiorim show NAME --count-parameters` says, `learned` what the optimiser moves.
Writes results/full_profile.tsv.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import torch

from radiorim import recipes
from radiorim.case import Case
from radiorim.dl import loop
from radiorim.dl.device import on_device
from radiorim.dl.registry import count_parameters, networks
from radiorim.dl.training import Training
from radiorim.model import Model
from radiorim.phantom import CONTRASTS, Params, cohort
from radiorim.recipe import Recipe

RESULTS = Path(__file__).parent / "results"
LIMIT_GIB, LONG_S = 12, 180
"""What a process may allocate before it fails (more than 10: not all of it is used), and a long step."""

PEOPLE = {"icm-roi-cnn": 7}  # two give enough patches for a batch of the others
PARTS = {
    ("kuleuven-preunet", 2): (1, 2),
    ("nvauto-segresnet", 2048): (64, 64),
    ("nvauto-segresnet", 4): (1, 1),
    ("frodo-contrastive-ssl", 64): (16, 16),
    ("siemens-siamese-mpunet", 40): (10, 40),
}
"""(recipe, batch) to how many patches are taken at once and how many in all: fewer where it is slow."""


def one_step(value: Any) -> Any:
    """The same block, every training inside one epoch without held-out people, every ensemble one network."""
    if isinstance(value, tuple):
        return tuple(one_step(item) for item in value)
    if not is_dataclass(value):
        return value
    block = replace(value, **{each.name: one_step(getattr(value, each.name)) for each in fields(value)})
    if isinstance(block, Training):
        return replace(block, epochs=1, held_out=0.0, workers=0)
    return replace(block, members=1) if hasattr(block, "members") else block


def status_gib(name: str) -> float:
    """A line of this process's status: VmRSS or VmHWM, the most since it was last forgotten."""
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) / 2**20


class Cost:
    """CPU time and memory since it was made."""

    def __init__(self) -> None:
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before is given back, or it would hide the step's
        self.before = status_gib("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        self.start = time.process_time()

    def so_far(self) -> dict[str, float]:
        """Columns of the table."""
        took, peak = time.process_time() - self.start, status_gib("VmHWM")
        return {"step_s": took, "before_gib": self.before, "peak_gib": peak}


@dataclass(frozen=True)
class Watch:
    """Stands in for the loop's epoch: lets it have one batch, and notes what the step took."""

    recipe: Recipe
    epoch: Any = loop._epoch

    def __call__(self, state: loop.State, step: Any, batches: Iterable[Any], training: Training) -> float:
        """The loss of the first batch before its step; a row about it is printed."""
        whole = next(iter(batches))
        part, most = PARTS.get((self.recipe.name, training.batch), (len(whole.images),) * 2)
        parts = list(islice(split(whole, part), -(-most // part)))
        cost = Cost()
        loss = self.epoch(state, step, parts, replace(training, accumulate=len(parts)))
        spent = cost.so_far()
        self.tell(
            state.module,
            learned=sum(w.numel() for group in state.optimiser.param_groups for w in group["params"]),
            patch=" x ".join(map(str, whole.images.shape[1:])),
            batch_published=training.batch,
            batch_run=sum(len(each.images) for each in parts),
            part=len(parts[0].images),
            **spent,
            loss_before=loss,
            loss_after=again(state.module, parts) if spent["step_s"] < LONG_S / 3 else None,
            note="over 3 minutes" if spent["step_s"] > LONG_S else "",
        )
        return loss

    def tell(self, module: torch.nn.Module, **facts: object) -> None:
        """Print a row. A network must have a count that is known; of encoders alone the recipe's is told."""
        if not all(bool(weight.isfinite().all()) for weight in module.parameters()):
            raise ValueError(f"{self.recipe.name}: a weight is not finite after the step")
        names = {count_parameters(net): net.name for net in networks(self.recipe)}
        own = module.net.parameters() if hasattr(module, "net") else ()
        count = sum(weight.numel() for weight in own) or next(iter(names))
        short = {key: float(f"{n:.4g}") if isinstance(n, float) else n for key, n in facts.items()}
        who = {"recipe": self.recipe.name, "stage": type(module).__name__, "network": names[count]}
        print(json.dumps(who | {"counted": count} | short), flush=True)


@torch.no_grad()
def again(module: torch.nn.Module, parts: Sequence[Any]) -> float:
    """The loss of the same patches after the step."""
    return float(torch.stack([module(part) for part in parts]).mean())


def split(batch: Any, part: int) -> Iterator[Any]:
    """A batch in parts of so many patches."""
    tensors = {key: value.split(part) for key, value in vars(batch).items() if torch.is_tensor(value)}
    for some in zip(*tensors.values(), strict=True):
        yield replace(batch, **dict(zip(tensors, some, strict=True)))


def child(name: str) -> None:
    """Fit a recipe for one step a stage and print a row for each."""
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT_GIB * 2**30,) * 2)
    recipe = recipes.get(name)
    contrasts = tuple(each for each in CONTRASTS if each == "flair" or each in recipe.needs)
    people = cohort(PEOPLE.get(name, 2), params=Params(spacing_mm=1.5, contrasts=contrasts))
    with on_device("cpu"), mock.patch.object(loop, "_epoch", Watch(recipe)):
        Model.fit(one_step(recipe), [kept(case) for case in people])


def kept(case: Case) -> Case:
    """The case with its arrays in memory for good: a person takes longer to make than most steps."""
    truth = case.truth()
    return case.with_(images=dict(case.images), masks=dict(case.masks), truth=lambda: truth)


def measured(name: str) -> list[dict[str, object]]:
    """The rows of one recipe; what goes wrong is a note of a row of its own."""
    command = [sys.executable, __file__, "--child", name]
    one = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(command, env=one, capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"ended by signal {-done.returncode}"])[-1]
        rows.append({"recipe": name, "note": f"failed: {why}"})
    return rows


def write(table: pd.DataFrame) -> None:
    """The table with these rows beside those of earlier runs, in the order of the recipes' names."""
    if (path := RESULTS / "full_profile.tsv").exists():
        old = pd.read_csv(path, sep="\t", comment="#", dtype=str, keep_default_na=False)
        table = pd.concat([old[~old["recipe"].isin(table["recipe"])], table.astype(object)])
    text = table.sort_values("recipe", kind="stable").to_csv(sep="\t", index=False)
    path.write_text(f"# python benchmarks/full_profile.py\n{text}")


def main() -> None:
    """Measure recipe by recipe; the table is written after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="RECIPE")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child)
    for name in options.names or [each for each in recipes.names() if any(networks(recipes.get(each)))]:
        write(table := pd.DataFrame(measured(name)))
        print(table.to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
