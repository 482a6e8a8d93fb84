"""Which file of a session is which image or mask, and what to say when several could be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from radiorim.io.entities import BidsFile
from radiorim.io.sessions import Session
from radiorim.io.truth import is_lesion_label

__all__ = ["brain_masks", "images_called", "lesion_masks", "one_of"]

_GRADIENT_ECHO = ("T2starw", "MEGRE", "GRE")
_TEMPLATES = ("MNI", "ICBM", "fs", "UNC", "OASIS", "NIHPD", "Talairach", "WHS")
_OURS = "radiorim"


def images_called(name: str, session: Session, word: str = "") -> list[BidsFile]:
    """The files that could be this image, the session's own first.

    Phase and chi are also taken from derivatives; the other images only where `word` calls a derived file and
    none of the session's own.
    """
    rule = _RULES[name]
    raw = [file for file in session.raw if rule(file)]
    if (raw and not word) or any(_called(file, word) for file in raw):
        return raw
    derived = [file for file in _native(session.derived, word) if rule(file)]
    if word:
        return [file for file in derived if _called(file, word)] or raw
    return _without_space(derived) if name in ("phase", "chi") else []


def lesion_masks(session: Session, word: str = "") -> list[BidsFile]:
    """Lesion maps, by falling preference: the derivative `lesions`, then numbered lesions, then masks."""
    files = _native(session.derived, word)
    ranked = [[f for f in files if rule(f)] for rule in (_is_numbered, _is_lesion_mask, _is_lst)]
    found = [file for rank in ranked for file in rank]
    if word:
        return [file for file in found if _called(file, word)] or found
    preferred = [file for file in found if file.derivative == "lesions"] or found
    return _without_space(
        next((kept for rank in ranked if (kept := [f for f in rank if f in preferred])), [])
    )


def brain_masks(session: Session, word: str = "") -> list[BidsFile]:
    """The files that could be the brain mask."""
    files = _native(session.derived, word)
    found = [file for file in files if file.suffix == "mask" and file.entities.get("desc") == "brain"]
    return found if word else _without_space(found)


def one_of(files: Sequence[BidsFile], word: str, name: str) -> tuple[BidsFile | None, str]:
    """The one file that `word` (parts of a name joined by `_`) calls, or None; and a sentence if needed.

    A session whose only file of its own is not called so keeps that file: `run-1` is then not needed there.
    """
    called = [file for file in files if _called(file, word)]
    if len(called) == 1:
        return called[0], ""
    if not called and len(files) == 1 and not files[0].derivative:
        return files[
            0
        ], f"{name}: {_place(files[0])} was taken, the only one, though it is not called {word!r}"
    if not called:
        listed = ", ".join(map(_place, files))
        return None, f"no file for {name!r} is called {word!r} (there are: {listed})."
    first, second, *more = called
    also = f" (and {len(more)} more)" if more else ""
    return None, (
        f"{len(called)} files could be {name!r}: {_place(first)} and {_place(second)}{also}. "
        + _how(first, called, name)
    )


def _how(first: BidsFile, called: Sequence[BidsFile], name: str) -> str:
    words = [f"{key}-{value}" for key, value in first.entities.items()] + [first.suffix, first.derivative]
    own = [word for word in words if word and not any(other.is_called(word) for other in called[1:])]
    if own:
        return f"Choose one by a part of its name: {name}={own[0]}."
    return "Nothing in their names tells them apart: remove or rename one."


def _place(file: BidsFile) -> str:
    return f"{file.derivative}/{file.path.name}" if file.derivative else file.path.name


def _native(files: Sequence[BidsFile], word: str) -> list[BidsFile]:
    """Files in a person's own space; radiorim's own outputs only where the user names what to take."""
    return [
        file
        for file in files
        if not file.entities.get("space", "").startswith(_TEMPLATES)
        and (word or not file.derivative.startswith(_OURS))
    ]


def _without_space(files: Sequence[BidsFile]) -> list[BidsFile]:
    return [file for file in files if "space" not in file.entities] or list(files)


def _called(file: BidsFile, word: str) -> bool:
    return not word or word == file.derivative or all(file.is_called(part) for part in word.split("_"))


def _is_gradient_echo(*parts: str) -> Callable[[BidsFile], bool]:
    return lambda file: file.suffix in _GRADIENT_ECHO and file.entities.get("part", "mag") in parts


def _is_numbered(file: BidsFile) -> bool:
    if file.suffix != "dseg" or _is_partial(file):
        return False
    return is_lesion_label(file) or file.entities.get("desc") == "lesions"


def _is_lesion_mask(file: BidsFile) -> bool:
    return file.suffix == "mask" and is_lesion_label(file) and not _is_partial(file)


def _is_partial(file: BidsFile) -> bool:
    desc = file.entities.get("desc", "")
    return desc == "new" or desc.startswith("rater")


def _is_lst(file: BidsFile) -> bool:
    return file.suffix == "seg-lst" and "desc" not in file.entities


_RULES: dict[str, Callable[[BidsFile], bool]] = {
    "flair": lambda file: file.suffix == "FLAIR",
    "t1": lambda file: file.suffix == "T1w",
    "t2star": _is_gradient_echo("mag"),
    "phase": _is_gradient_echo("phase"),
    "chi": lambda file: file.suffix == "Chimap",
}
