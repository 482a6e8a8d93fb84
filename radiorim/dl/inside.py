"""Windows that matter: many of a scan hold no brain, most no lesion."""

from __future__ import annotations

from collections.abc import Callable

import torch

__all__ = ["OnlyInside"]


class OnlyInside:
    """Probabilities for windows (n, c + 1, x, y, z) whose last channel, a mask, is not empty; 0 for others.

    `ask` gives those of windows (n, c, x, y, z) and is not asked about the others. At a voxel of the mask no
    window is left out: each that holds the voxel holds some of the mask.
    """

    def __init__(self, ask: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.ask = ask
        self.maps: int | None = None

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        """Probabilities (n, outputs, x, y, z)."""
        rows = windows[:, -1].flatten(1).any(1)
        if self.maps is None and not rows.any():
            # Only a network knows how many maps it has.
            self.maps = self.ask(windows[:1, :-1]).shape[1]
        if not rows.any():
            return windows.new_zeros((len(windows), self.maps, *windows.shape[2:]))
        own = self.ask(windows[rows, :-1])
        self.maps = own.shape[1]
        if rows.all():
            return own
        answers = own.new_zeros((len(windows), *own.shape[1:]))
        answers[rows] = own
        return answers
