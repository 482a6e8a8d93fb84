"""The tests are tested: each wrong variant that is easy to write must fail a hand-worked case."""

from __future__ import annotations

import importlib
import inspect
import itertools

import pytest
import test_anima

OUTSIDE_OF_LESION_1 = (
    "1 - np.array([back[(back[:, 0] == j) & (back[:, 1] == 1), 2].sum() for j in range(1, other.count + 1)])"
    " / other.sizes"
)
# module, function through which it acts, right text, wrong text
MUTATIONS = {
    "26-connected lesions": (
        "components",
        "find_components",
        "connectivity: int = 6",
        "connectivity: int = 26",
    ),
    "minimal volume kept": ("components", "fewest_voxels", "math.floor(voxels) + 1", "math.ceil(voxels)"),
    "no minimal volume": ("components", "fewest_voxels", "math.floor(voxels) + 1", "1"),
    "exact spacing": ("pair", "spacing_mm", "dtype=np.float32).astype(float)", "dtype=float)"),
    "dropped lesions stay": ("components", "find_components", "[order] >= fewest", "[order] >= 1"),
    "other raster order": ("components", "find_components", "(first, -sizes)", "(-first, -sizes)"),
    "alpha >=": ("detection", "detected", "covered / size > options", "covered / size >= options"),
    "beta >=": ("detection", "detected", "leak[partner - 1] > options", "leak[partner - 1] >= options"),
    "gamma >": ("detection", "detected", "weight >= options", "weight > options"),
    "leaking lesions are skipped": (
        "detection",
        "detected",
        "beta:\n            return False",
        "beta:\n            continue",
    ),
    "no walk beyond the overlap": ("detection", "detected", "not np.any(leak[rest] > options.beta)", "True"),
    "another lesion is outside": ("detection", "detected", "outside[1:] / other.sizes", OUTSIDE_OF_LESION_1),
    "one test for both sides": (
        "detection",
        "flag_lesions",
        "detected(found, truth, options))",
        "detected(truth, found, options))",
    ),
    "roles swapped": (
        "detection",
        "flag_lesions",
        "detected(truth, found, options), detected(found, truth, options)",
        "detected(found, truth, options), detected(truth, found, options)",
    ),
    "precision of nothing is 1": (
        "detection",
        "detection_scores",
        "flags.found.count else 0.0",
        "flags.found.count else 1.0",
    ),
    "sensitivity of nothing is 0": (
        "detection",
        "detection_scores",
        "ratio(int(flags.truth_found.sum()), flags.truth.count)",
        "float(flags.truth_found.mean()) if flags.truth.count else 0.0",
    ),
    "running minimum reset": (
        "surface",
        "running_minimum_distance",
        "np.minimum.accumulate(nearest)",
        "nearest",
    ),
    "average of directed means": ("surface", "contour_mean_distance", "float(max(", "float(0.5 * np.add("),
    "grid edge is a boundary": (
        "surface",
        "contour",
        "np.zeros(where.size, dtype=bool), 1",
        "np.ones(where.size, dtype=bool), 1",
    ),
    "minimum of an empty truth follows -v": (
        "anima",
        "segmentation_performance",
        "fewest_voxels(EMPTY_TRUTH_MM3, ",
        "fewest_voxels(1000, ",
    ),
    "values instead of ranks": ("pair", "ranked_pair", "return rank[values]", "return values"),
    "rounding, not truncation": (
        "pair",
        "ranked_pair",
        "values.astype(np.int64)",
        "np.rint(values).astype(np.int64)",
    ),
}
MODULES = ("pair", "components", "voxel", "surface", "detection", "anima")


def run_hand_worked_cases():
    """Call every test of test_anima with every combination of its parameters."""
    for name, test in inspect.getmembers(test_anima, inspect.isfunction):
        if name.startswith("test_"):
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            for values in itertools.product(*(mark.args[1] for mark in marks)):
                test(*itertools.chain(*values))


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_variant_fails(name, monkeypatch):
    where, function, right, wrong = MUTATIONS[name]
    module = importlib.import_module(f"radiorim.metrics.{where}")
    source = inspect.getsource(module)
    assert right in source, "the mutation no longer fits the code"
    namespace = dict(vars(module))
    exec(compile(source.replace(right, wrong), module.__file__, "exec"), namespace)
    for other in (test_anima, *(importlib.import_module(f"radiorim.metrics.{m}") for m in MODULES)):
        if hasattr(other, function):
            monkeypatch.setattr(other, function, namespace[function])
    with pytest.raises(AssertionError):
        run_hand_worked_cases()


def test_the_cases_pass_unchanged():
    run_hand_worked_cases()
