"""The training loop: the same seed, an interruption, two processes, what stops it, what it keeps."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file
from torch import nn

from radiorim.dl.device import on_device
from radiorim.dl.loop import Run, fit
from radiorim.dl.patches import Batch
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Optimiser, Schedule, Training
from radiorim.errors import DataError, UsageError

pytestmark = pytest.mark.dl
TRAINING = Training(epochs=6, batch=4, optimiser=Optimiser("adamw", lr=1e-2), amp=False)


class Brightness:
    """A job: is the patch bright? The score can be given, epoch by epoch."""

    def __init__(self, scores=(), rank=0, processes=1, batch=4):
        self.scores, self.rank, self.processes, self.batch = list(scores), rank, processes, batch

    def batches(self, epoch):
        rng = np.random.default_rng([3, epoch])
        truth = (rng.random((14, 1)) < 0.5).astype(np.float32)
        images = rng.normal(truth[:, :, None, None, None], 0.3, (14, 1, 6, 6, 6)).astype(np.float32)
        for at in range(0, 14, self.batch):
            part = slice(at + self.rank, min(at + self.batch, 14), self.processes)
            share = len(truth[part]) * self.processes / len(truth[at : at + self.batch])
            yield Batch(torch.from_numpy(images[part]), torch.from_numpy(truth[part]), share)

    def score(self, module):
        return self.scores.pop(0) if self.scores else math.nan


def module_of(seed: int = 0) -> Supervised:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv3d(1, 3, 3),
            nn.Tanh(),
            nn.Dropout(0.2),
            nn.AdaptiveAvgPool3d(1),
            nn.Flatten(),
            nn.Linear(3, 1),
        )
    return Supervised(net, nn.BCEWithLogitsLoss())


def trained(training=TRAINING, *, seed=0, run=Run(), scores=()):
    module = module_of()
    with on_device("cpu"):
        state = fit(Brightness(scores), module, training, seed=seed, run=run)
    return {name: value.clone() for name, value in module.state_dict().items()}, state


def equal(one, other) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_loss_falls():
    _, state = trained(replace(TRAINING, epochs=20))
    assert state.history[-1]["loss"] < 0.5 * state.history[0]["loss"]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    assert equal(trained()[0], trained()[0])
    assert not equal(trained()[0], trained(seed=1)[0])


def test_training_leaves_the_global_generator_as_it_was():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    trained()
    assert torch.equal(before, torch.get_rng_state())


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    "training",
    [
        replace(TRAINING, ema=0.8, schedule=Schedule("cosine", warmup=1), clip=0.5),
        replace(TRAINING, optimiser=Optimiser("sgd", lr=0.05, momentum=0.9), accumulate=2),
        replace(TRAINING, schedule=Schedule("plateau", patience=1, factor=0.5)),
    ],
    ids=["adamw-ema-cosine", "sgd-accumulate", "plateau"],
)
def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path, training):
    scores = [0.1, 0.5, 0.4, 0.3, 0.6, 0.2]

    def kill(row):
        if row["epoch"] == 2:
            raise Killed

    unbroken, whole = trained(training, scores=scores)
    with pytest.raises(Killed):
        trained(training, run=Run(tmp_path, "k", kill), scores=scores)
    resumed, state = trained(training, run=Run(tmp_path, "k"), scores=scores[3:])
    assert equal(unbroken, resumed)
    assert state.history == whole.history
    assert len((tmp_path / "metrics.tsv").read_text().splitlines()) == 1 + training.epochs


def test_each_epoch_is_told_with_how_many_there_are_and_the_time_left():
    told = []
    trained(replace(TRAINING, epochs=3), run=Run(progress=told.append))
    assert [(row["epoch"], row["epochs"]) for row in told] == [(0, 3), (1, 3), (2, 3)]
    assert told[0]["seconds_left"] > told[2]["seconds_left"] == 0


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    trained(run=Run(tmp_path, "one"))
    with pytest.raises(UsageError, match=r"belongs to another training\. Give another folder"):
        trained(run=Run(tmp_path, "other"))


def test_a_damaged_checkpoint_gives_one_sentence(tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"\x80\x04no tensors here")
    with pytest.raises(DataError, match=r"is damaged or no checkpoint .*Delete it to start again"):
        trained(run=Run(tmp_path))


def test_the_weights_of_the_best_score_are_kept():
    three, _ = trained(replace(TRAINING, epochs=3), scores=[0.1, 0.2, 0.9])
    six, _ = trained(scores=[0.1, 0.2, 0.9, 0.3, 0.3, 0.3])
    assert equal(three, six)
    assert not equal(six, trained()[0])


def test_training_stops_after_so_many_scores_without_a_better_one():
    _, state = trained(replace(TRAINING, patience=2, epochs=50), scores=[0.1, 0.5, 0.4, 0.5, *[0.9] * 46])
    assert [row["epoch"] for row in state.history] == [0, 1, 2, 3]


def test_two_batches_accumulated_are_one_batch_of_twice_the_size():
    class Halves(Brightness):
        def batches(self, epoch):
            for batch in super().batches(epoch):
                for half in (slice(0, None, 2), slice(1, None, 2)):
                    yield Batch(batch.images[half], batch.target[half])

    class Even(Brightness):
        def batches(self, epoch):
            return list(super().batches(epoch))[:3]

    results = []
    for job, accumulate in ((Even(), 1), (type("H", (Halves, Even), {})(), 2)):
        module = module_of()
        module.net[2].p = 0.0
        with on_device("cpu"):
            fit(job, module, replace(TRAINING, epochs=2, accumulate=accumulate), seed=0)
        results.append(module.state_dict())
    for name, value in results[0].items():
        torch.testing.assert_close(results[1][name], value, rtol=1e-4, atol=1e-5)


def test_a_loss_that_is_no_number_ends_the_training_in_words():
    job = Brightness()
    job.batches = lambda epoch: [Batch(torch.full((1, 1, 6, 6, 6), torch.nan), torch.ones(1, 1))]
    with (
        on_device("cpu"),
        pytest.raises(DataError, match="training loss is nan in epoch 0: lower the learning"),
    ):
        fit(job, module_of(), TRAINING, seed=0)


def test_schedules_follow_their_formulas():
    at = [Schedule("poly", power=0.9).at(e, 10) for e in (0, 5)]
    assert at == [1.0, pytest.approx(0.5**0.9)]
    assert Schedule("cosine").at(5, 10) == pytest.approx(0.5)
    assert [Schedule("step", every=10, factor=0.75).at(e, 99) for e in (9, 10, 20)] == [1, 0.75, 0.75**2]
    assert Schedule("exponential", factor=0.9).at(3, 10) == pytest.approx(0.9**3)
    plateau = Schedule("plateau", patience=2, factor=0.1)
    assert [plateau.at(9, 10, scores) for scores in ([1, 2, 3], [3, 2, 1], [3, 2, 1, 2, 2])] == [
        1, 0.1, pytest.approx(0.01)
    ]  # fmt: skip
    assert Schedule(warmup=3).at(0, 10) == 0.25


def worker(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    import torch.distributed as together

    together.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    module = module_of()
    module.net[2].p = 0.0
    with on_device("cpu"):
        fit(Brightness(rank=rank, processes=2), module, SHARED, seed=0, run=Run(processes=2))
    save_file(module.state_dict(), f"{folder}/{rank}.safetensors")
    # Else one leaves while the other still talks to it, and now and then gloo's threads abort.
    together.barrier()
    together.destroy_process_group()


SHARED = replace(TRAINING, epochs=2, optimiser=Optimiser("sgd", lr=0.1))


def test_two_processes_learn_what_one_learns(tmp_path):
    module = module_of()
    module.net[2].p = 0.0
    with on_device("cpu"):
        fit(Brightness(), module, SHARED, seed=0)
    torch.multiprocessing.spawn(worker, args=(str(tmp_path),), nprocs=2)
    for rank in range(2):
        parts = load_file(tmp_path / f"{rank}.safetensors")
        for name, value in module.state_dict().items():
            torch.testing.assert_close(parts[name], value, rtol=1e-5, atol=1e-6)
