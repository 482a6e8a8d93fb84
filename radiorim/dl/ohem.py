"""Online hard example mining with a slow copy of the network as judge of what is hard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radiorim.dl.mined import Mined
    from radiorim.dl.supervised import Supervised

__all__ = ["HardExamples"]


@dataclass(frozen=True)
class HardExamples:
    """Of each batch only the `share` of patches with the largest error is learned from, at least one.

    Errors are those of a copy of the network whose weights follow as w' <- `momentum` w' + (1 - momentum) w
    after each step (0: the network itself). Several processes each mine their own part of a batch.
    """

    share: float = 0.25
    momentum: float = 0.999

    def module(self, supervised: Supervised) -> Mined:
        """What the training loop trains in place of `supervised`, with the same network and loss."""
        from radiorim.dl.mined import Mined

        return Mined(supervised, self.share, self.momentum)

    def smoke(self) -> HardExamples:
        """Most of the batch and a quick copy: of a small batch a quarter may hold no lesion."""
        return replace(self, share=0.75, momentum=min(self.momentum, 0.9))
