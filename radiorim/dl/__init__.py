"""Networks and everything that needs torch: blocks first, torch only inside their methods.

A recipe with a network is a file of data like any other. Two blocks are its entry:

- `PatchClassifier` (classifier.py), a judge: a patch around each lesion -> network -> `score`, `found`.
- `Segmenter` (segmenter.py), a find: patches of whole scans -> network -> sliding window -> lesions with
  `score`.

Both are made of smaller blocks, each a frozen dataclass exported by `radiorim.blocks`:

| Block | File | Says |
|---|---|---|
| `Channel(image, scale, low, high)` | channels.py | what the network sees, on which scale |
| `Net(name, channels, outputs, options={...})` | registry.py | the architecture, by name |
| `Loss(name, options={...})` | registry.py | the loss, by name |
| `LesionPatch`, `AdaptiveDilation` | focus.py | a lesion's patch: size, shift, what is hidden, own mask |
| `EachOnce`, `InverseFrequency`, `PositivesInEachBatch` | lesionsampling.py | which lesions make an epoch |
| `BalancedVoxels`, `WeightedVoxels`, `ExhaustiveNegatives` | voxelsampling.py | where patches of scans lie |
| `HardExamples` | ohem.py | that a Segmenter learns from the hardest patches of a batch only |
| `JointSegmenter` | joint.py | several Segmenters that answer as one |
| `Augment` | augment.py | flips, turns, affine and intensity changes |
| `Training(epochs, batch, Optimiser, Schedule, ...)` | training.py | one stage of training |
| `Inference` | inference.py | views, dropout passes, overlap, batch |

How to add

- **A network**: a file `nets/<name>.py` with `build(channels, outputs, **options) -> nn.Module`
  (options named and with defaults = the paper's numbers) and `SMALL = {option: value}` (and
  `SMALL_EDGE`, of its patches) for the smoke profile. It may import torch at its top: it is imported
  when it is built. It is then `Net("<name>", channels=2)`, `_` written `-`; nothing has to be
  registered. In: (n, channels, x, y, z), channels-last in memory on a GPU. Out: logits, (n, outputs) for a
  classifier and (n, outputs, x, y, z) for a segmenter; while training a list of logits (finest first)
  means deep supervision, and a tuple (logits, embeddings, ...) is handed to the loss as it is.
- **A loss**: a file `losses/<name>.py` with `build(**options) -> nn.Module`, called as loss(output,
  target) in float32. Its parameters, if any, are learned with the network's (losses/bce_supcon.py has
  one).
- **A scale**: a function in `channels.SCALINGS`. **A target map**: an entry in `voxeljob.TARGETS`.
- **A sampler**: a frozen dataclass with `rows(truth, *, batch, rng)` for lesions or `places(pool, *,
  size, seed, epoch)` for voxels, the same answer for the same arguments; then its class in `BLOCKS` of
  `radiorim/blocks.py` and in the annotation of the field that takes it.
- **Another way of training** (pretraining, mining, several stages): a job with `batches(epoch)` and
  `score(module)` and a module whose `forward(batch)` gives a loss, for `loop.fit`, once a stage; copy
  weights with `load_state_dict`, freeze with `requires_grad_(False)` before `fit`. What is drawn depends
  on (seed, epoch, index) only (`patches.sample_rng`).
- **A judge or find of another kind**: a frozen dataclass with the protocol of `radiorim.recipe` and
  `load(folder)`, what it learned with `save(folder)`: `persist.save_networks` and `persist.load_networks`
  do both. Reuse `lesionjob.gather`, `voxeljob.gather_voxels`, `segmenter.train_segmenter`,
  `inference.predict_volume`.
- **A recipe**: as everywhere one file with `RECIPE`; it holds the paper's numbers.
  `profile.shrunk(recipe)` asks every block that has `smoke()` for its small version: give a new block
  that method if it is slow.

What holds

- Same seed, same weights on a CPU. A sample knows nothing of the number of workers or processes.
- `fit(..., run=Run(folder=...))` keeps a checkpoint an epoch and goes on from it exactly; `metrics.tsv`
  beside it.
- Held-out people (`people.py`) are whole persons; scores for early stopping and thresholds are theirs.
- Arrays of a cohort are in a `Store`: in memory up to a budget, beyond it memory-mapped files.
- `with on_device("cpu"):` (device.py) chooses where networks run; `auto` takes a GPU if torch sees one.
- Files hold weights (safetensors) and facts (JSON); the architecture comes from the recipe."""
