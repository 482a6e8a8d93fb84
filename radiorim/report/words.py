"""Names in words: images, features, block fields, numbers and volumes as a reader would say them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from radiorim.features.naming import CLASSES

__all__ = [
    "camel_in_words",
    "feature_in_words",
    "field_in_words",
    "fixed",
    "image_in_words",
    "number",
    "place",
    "plural",
    "quality_in_words",
    "volume",
]

IMAGES = {
    "flair": "FLAIR",
    "flair0": "FLAIR, baseline",
    "difference": "difference",
    "t1": "T1w",
    "t2": "T2w",
    "t2star": "T2*w magnitude",
    "phase": "phase",
    "chi": "χ",
    "mask": "",
}
FAMILIES = {
    "shape": "shape",
    "firstorder": "intensity",
    "glcm": "texture (GLCM)",
    "glrlm": "texture (GLRLM)",
    "glszm": "texture (GLSZM)",
    "gldm": "texture (GLDM)",
    "ngtdm": "texture (NGTDM)",
    "layers": "layers of the rim",
    "location": "location",
    "change": "change between visits",
}
UNITS = {"mm": "mm", "mm2": "mm²", "mm3": "mm³", "sd": "SD", "ppb": "ppb", "ml": "ml"}


def image_in_words(name: str, *, pair: bool = False) -> str:
    """What an image is called on the page; with a pair, `flair` is the follow-up."""
    if name == "flair" and pair:
        return "FLAIR, follow-up"
    return IMAGES.get(name, name)


def feature_in_words(name: str) -> str:
    """`chi_original_glcm_contrast` as "χ · texture (GLCM) · contrast"; a name of another form, spaced.

    >>> feature_in_words("flair_layers_shell_0_1_mean")
    'FLAIR · layers of the rim · shell 0 1 mean'
    >>> feature_in_words("volume_mm3")
    'volume (mm³)'
    """
    parts = name.split("_")
    at = next((i for i, part in enumerate(parts) if i and part in CLASSES and i + 1 < len(parts)), 0)
    if not at:
        return _with_unit(parts)
    image, *filters = parts[:at]
    filters = [part for part in filters if part != "original"]
    about = "" if image == parts[at] else image_in_words(image)
    said = [about, " ".join(filters), FAMILIES[parts[at]], _with_unit(parts[at + 1 :])]
    return " · ".join(word for word in said if word)


def field_in_words(name: str, value: Any) -> str:
    """A block's field and its value: `smooth_mm`, 1.0 as "smooth 1 mm"; `sign`, "new" as "sign new"."""
    *parts, last = name.split("_")
    said = _value(value)
    if last in UNITS:
        return f"{' '.join(parts)} {said} {UNITS[last]}".strip()
    return f"{' '.join([*parts, last])} {said}"


def quality_in_words(name: str, value: float) -> tuple[str, str]:
    """A figure of quality and its unit: `rotation_deg`, 3.4 as ("Rotation", "3.4°")."""
    *parts, last = name.split("_")
    unit = {"deg": "°", "mm": " mm", "ml": " ml", "percent": " %"}.get(last)
    words = " ".join(
        "NCC" if part == "ncc" else part for part in (parts if unit and parts else [*parts, last])
    )
    return words[:1].upper() + words[1:], number(value) + (unit or "" if parts else "")


def camel_in_words(name: str) -> str:
    """`AwayFromBrainEdge` as "Away from brain edge"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return words[:1] + re.sub(r"\b[A-Z](?=[a-z])", lambda m: m[0].lower(), words[1:])


def number(value: Any, digits: int = 3) -> str:
    """A number with a few significant digits, a dash for what is missing, words as they are."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        return str(value)
    real = float(value)
    if math.isnan(real):
        return "–"
    whole = abs(real) < 1e6 and (real.is_integer() or abs(real) >= 10**digits)
    return f"{real:.0f}" if whole else f"{real:.{digits}g}"


def fixed(value: Any, digits: int) -> str:
    """A number with so many decimals, a dash for what is missing."""
    said = number(value)
    return said if said == "–" else f"{float(value):.{digits}f}"


def place(row: Mapping[str, Any]) -> str:
    """A centre in RAS mm as the sides of the patient: "left 23, posterior 41, superior 18 mm"."""
    sides = (("x_mm", "right", "left"), ("y_mm", "anterior", "posterior"), ("z_mm", "superior", "inferior"))
    return (
        ", ".join(f"{plus if row[name] >= 0 else minus} {abs(row[name]):.0f}" for name, plus, minus in sides)
        + " mm"
    )


def volume(mm3: float) -> str:
    """A volume in mm³ below 100 mm³ and in ml from there.

    >>> volume(84.0), volume(840.0)
    ('84 mm³', '0.84 ml')
    """
    return f"{mm3:.0f} mm³" if mm3 < 100 else f"{mm3 / 1000:.2f} ml"


def plural(n: int, one: str, many: str = "") -> str:
    """`1 lesion`, `2 lesions`, `no lesion`."""
    if n == 0:
        return f"no {one}"
    return f"{n} {one if n == 1 else many or one + 's'}"


def _with_unit(parts: list[str]) -> str:
    if len(parts) > 1 and parts[-1] in UNITS:
        return f"{' '.join(parts[:-1])} ({UNITS[parts[-1]]})"
    return " ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) or "none"
    return number(value) if value is not None else "none"
