"""A BIDS data set as cases, whose images are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from radiorim.case import Case, Lazy
from radiorim.errors import DataError
from radiorim.io.choice import brain_masks, images_called, lesion_masks, one_of
from radiorim.io.entities import BidsFile
from radiorim.io.nifti import load, load_labels, load_mask
from radiorim.io.sessions import Session, people, sessions_of
from radiorim.io.truth import truth_of
from radiorim.volume import Volume

__all__ = ["load_chi", "read_dataset"]

PPB_ABOVE = 5.0
"""A map whose non-zero magnitudes have a 99th percentile above this cannot be in ppm (tissue: < 0.3)."""

_IMAGES = ("flair", "t1", "t2star", "phase", "chi")


def read_dataset(
    root: Path | str,
    *,
    participants: Sequence[str] | None = None,
    choose: Mapping[str, str] | None = None,
) -> list[Case]:
    """One case for each follow-up session (the one before it gives `flair0`), or for a person's only session.

    Images are FLAIR, T1w, T2starw/MEGRE with part-mag or part-phase, and Chimap (ppb inside radiorim); phase
    and Chimap are also taken from derivatives where the data set itself has none. Masks come from
    derivatives: `lesions` (numbered or not) and `brain`. Derivatives named `radiorim*` are read only when
    chosen, and `derivatives/truth` only by `Case.truth`.

    Where several files could be one image, `choose` says which by parts of its name or by its derivative's
    folder, as in `{"phase": "run-1_echo-3", "lesions": "lst-ai"}`. Without it the case says so in its notes,
    and asking it for that image raises `DataError`, so that one double does not stop a cohort. Raises
    `DataError` for a folder that is not a data set or has no image at all.
    """
    root = Path(root)
    cases = [
        case
        for person in people(root, participants)
        for case in _cases(sessions_of(root, person), dict(choose or {}))
    ]
    if not any(len(case.images) for case in cases):
        raise DataError(
            f"{root} has no usable image: none of FLAIR, T1w, part-mag_T2starw, part-phase_T2starw (or "
            "MEGRE), Chimap in sub-*/[ses-*/]anat. Name them as BIDS does."
        )
    return cases


def load_chi(path: Path | str) -> Volume:
    """A susceptibility map in ppb: BIDS' ppm x 1000, or as it is if its values can only be ppb.

    The notes of the volume say which. See `PPB_ABOVE`.
    """
    volume = load(path)
    magnitudes = np.abs(volume.data[volume.data != 0])
    high = float(np.percentile(magnitudes, 99)) if magnitudes.size else 0.0
    if high > PPB_ABOVE:
        note = f"chi taken as ppb: its 99th percentile {high:.3g} is too large for ppm"
        return Volume(volume.data, volume.affine, (*volume.notes, note), volume.source)
    notes = (*volume.notes, "chi converted from ppm to ppb")
    return Volume(volume.data * np.float32(1000), volume.affine, notes, volume.source)


@dataclass
class _Found:
    """What was found for a case so far."""

    case: str
    choose: Mapping[str, str]
    loaders: dict[str, Callable[[], Any]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, files: Sequence[BidsFile], load_it: Callable[[Path], Volume]) -> None:
        """Add the one of `files` that is meant; if that is unclear, add a loader that says so."""
        if not files:
            return
        word = _word(self.choose, name)
        chosen, sentence = one_of(files, word, name)
        if sentence:
            self.notes.append(sentence)
        if chosen is None:
            self.loaders[name] = partial(_refuse, f"{self.case}: {sentence}")
            return
        self.loaders[name] = partial(load_it, chosen.path)
        self.sources[name] = str(chosen.path)
        if chosen.suffix == "GRE":
            self.notes.append(
                f"{name}: {chosen.path.name} is named GRE, which BIDS does not know; read as T2starw"
            )


def _cases(sessions: Sequence[Session], choose: Mapping[str, str]) -> list[Case]:
    usable = [session for session in sessions if any(images_called(name, session) for name in _IMAGES)]
    left_out = tuple(f"{s.id} has no usable image and was left out" for s in sessions if s not in usable)
    if len(usable) < 2:
        return [_case([], (usable or list(sessions))[-1], choose, left_out if usable else ())]
    return [_case(usable[:at], usable[at], choose, left_out) for at in range(1, len(usable))]


def _case(
    before: Sequence[Session], session: Session, choose: Mapping[str, str], notes: tuple[str, ...]
) -> Case:
    images = _Found(session.id, choose)
    for name in _IMAGES:
        images.add(
            name, images_called(name, session, _word(choose, name)), load_chi if name == "chi" else load
        )
    _add_baseline(images, before)
    masks = _Found(session.id, choose)
    masks.add("lesions", lesion_masks(session, choose.get("lesions", "")), load_labels)
    masks.add("brain", brain_masks(session, choose.get("brain", "")), load_mask)
    return Case(
        id=session.id,
        person=session.person,
        images=Lazy(images.loaders),
        masks=Lazy(masks.loaders),
        truth=truth_of(session.truth),
        notes=(*notes, *images.notes, *masks.notes),
        sources=images.sources | masks.sources,
    )


def _add_baseline(images: _Found, before: Sequence[Session]) -> None:
    earlier = [session for session in before if images_called("flair", session)]
    if not earlier:
        return
    if earlier[-1] is not before[-1]:
        images.notes.append(f"flair0 is from {earlier[-1].id}: {before[-1].id} has no FLAIR")
    images.add("flair0", images_called("flair", earlier[-1], _word(images.choose, "flair0")), load)


def _word(choose: Mapping[str, str], name: str) -> str:
    return choose.get(name, choose.get("flair", "") if name == "flair0" else "")


def _refuse(problem: str) -> Any:
    raise DataError(problem)
