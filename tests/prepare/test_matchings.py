from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.prepare._matchings import LANDMARKS
from radiorim.prepare.normalise import match
from radiorim.volume import Volume


@pytest.fixture(scope="module")
def reference():
    values = np.random.default_rng(0).gamma(9, 12, (40, 40, 40))
    return Volume(values.astype(np.float32), np.diag([3.0, 3.0, 3.0, 1.0]))


@pytest.fixture(scope="module")
def mask(reference):
    inside = np.zeros(reference.shape, bool)
    inside[3:37, 3:37, 3:37] = True
    return reference.like(inside)


def test_nyul_makes_the_landmarks_of_both_scans_one(reference, mask):
    matched = match(reference.like(reference.data**1.3 + 40), reference, mask, method="nyul")
    one, other = (np.percentile(v.data[mask.data], LANDMARKS) for v in (matched, reference))
    assert one == pytest.approx(other, rel=1e-3)


def test_nyul_keeps_the_order_and_goes_on_straight_beyond_the_last_landmark(reference, mask):
    image = reference.like(2 * reference.data + 5)
    image.data[10, 10, 10:13] = (2005, 4005, 6005)
    matched = match(image, reference, mask, method="nyul").data[10, 10, 10:13]
    assert matched == pytest.approx([1000, 2000, 3000], rel=0.02)


def test_local_matching_undoes_a_smooth_gain_and_offset_that_one_line_cannot(reference, mask):
    ramp = np.linspace(-1, 1, 40)[:, None, None]
    bent = reference.like((reference.data * np.exp(0.3 * ramp) + 20 * ramp).astype(np.float32))
    local, line = (match(bent, reference, mask, method=m).data - reference.data for m in ("local", "rma"))
    assert local[mask.data].std() < 0.3 * line[mask.data].std()


@pytest.mark.parametrize("method", ["nyul", "local"])
def test_a_scan_matched_to_itself_is_itself(reference, mask, method):
    matched = match(reference, reference, mask, method=method)
    assert matched.data[mask.data] == pytest.approx(reference.data[mask.data], rel=1e-4, abs=1e-2)


@pytest.mark.parametrize("method", ["nyul", "local"])
def test_a_lesion_keeps_most_of_its_contrast(reference, mask, method):
    image = reference.like(1.5 * reference.data)
    image.data[18:20, 18:20, 18:20] += 600
    change = match(image, reference, mask, method=method).data - reference.data
    assert change[18:20, 18:20, 18:20].mean() > 280


def test_local_matching_refuses_a_flat_scan(reference, mask):
    with pytest.raises(DataError, match="no contrast inside the brain mask"):
        match(reference.like(np.ones(reference.shape)), reference, mask, method="local")
