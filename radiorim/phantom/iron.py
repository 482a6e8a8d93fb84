"""One person's iron: what lesions and veins add to the susceptibility, how it is scanned, what it shows."""

from __future__ import annotations

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.echoes import scan
from radiorim.phantom.gre import Echo
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.paint import FINE, Canvas, Painted
from radiorim.phantom.parameters import Params
from radiorim.phantom.qsm import Reconstruction, qsm_image
from radiorim.phantom.rims import close_ups, paint_susceptibility
from radiorim.phantom.rimtruth import Evidence, as_rim, evidence, judge_rims
from radiorim.phantom.stages import generator
from radiorim.phantom.veins import draw_veins, paint_veins
from radiorim.volume import Volume

__all__ = ["Iron"]


class Iron:
    """What is seen of one person's iron; each scan has random numbers of its own."""

    def __init__(self, anatomy: Anatomy, params: Params, who: tuple[int, int]) -> None:
        self._anatomy, self._params, self._who = anatomy, params, who

    def scans(self, chi: np.ndarray, painted: Painted) -> tuple[dict[str, Volume], Volume | None]:
        """Images by name, and the true field where a gradient echo was simulated."""
        return self.gre(chi, painted) if self._params.gre else ({"chi": self.chi(chi)}, None)

    def chi(self, chi: np.ndarray) -> Volume:
        """The QSM image of a true map, ppb."""
        anatomy, scan = self._anatomy, Reconstruction(self._params.phase_snr)
        rng = generator(*self._who, "qsm")
        return anatomy.grid.like(qsm_image(chi, anatomy.brain, anatomy.grid.spacing, scan, rng))

    def gre(self, chi: np.ndarray, painted: Painted) -> tuple[dict[str, Volume], Volume]:
        """Magnitude, wrapped and high-pass phase and QSM of a true map, and the true field, ppb."""
        params, grid = self._params, self._anatomy.grid
        echo = Echo(params.echo_ms, params.tesla, params.b0_direction, params.phase_snr)
        made = scan(chi, painted.flair, self._anatomy, echo, generator(*self._who, "gre"))
        images = {"t2star": made.magnitude, "wrapped": made.wrapped, "phase": made.highpass, "chi": made.chi}
        return {name: grid.like(image) for name, image in images.items()}, grid.like(made.field)

    def added(self, lesions: list[Lesion], canvas: Canvas) -> np.ndarray:
        """What lesions and veins add to the true susceptibility, ppb."""
        veins = draw_veins(self._anatomy, lesions, self._params, generator(*self._who, "veins"))
        chi = paint_veins(veins, canvas.grid, self._params.vein_ppb)
        chi *= self._anatomy.brain
        chi += paint_susceptibility(lesions, canvas)
        return chi

    def judged(self, labels: Volume, lesions: list[Lesion], canvas: Canvas) -> dict[int, dict[str, float]]:
        """The columns of the truth about rims, by what lesions themselves add, finer than voxels.

        So the label of a lesion does not depend on the voxels of the scan; how well it can be read does.
        """
        params, could = self._params, None
        if params.size_matched:
            could = self._evidence(labels, [as_rim(lesion, params) for lesion in lesions], canvas)
        rng = generator(*self._who, "reader")
        return judge_rims(
            lesions, self._evidence(labels, lesions, canvas), could=could, params=params, rng=rng
        )

    def _evidence(self, labels: Volume, lesions: list[Lesion], canvas: Canvas) -> dict[int, Evidence]:
        fine, ppb = [d / FINE for d in labels.spacing], self._params.label_contrast_ppb
        return {
            number: evidence(mask, chi, fine, ppb=ppb)
            for number, mask, chi in close_ups(lesions, canvas, labels.data)
        }
