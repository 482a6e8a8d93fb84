"""Who a person is and where they are scanned: each site has its own contrast, noise and resolution."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from radiorim.phantom.parameters import Params
from radiorim.phantom.stages import generator, site_generator

__all__ = ["Profile", "at_site", "profile"]


@dataclass(frozen=True)
class Profile:
    """What `participants.tsv` and `sessions.tsv` say of a person; `site` counts from 1."""

    age: int
    sex: str
    site: int
    days: int


def profile(number: int, seed: int, params: Params) -> Profile:
    """Person `number` (from 1). Sites take turns, so that each has its people in a cohort of any size."""
    rng = generator(seed, number, "person")
    age, sex = int(rng.integers(20, 61)), "F" if rng.random() < 0.7 else "M"
    return Profile(age, sex, (number - 1) % params.sites + 1, int(rng.integers(180, 900)))


def at_site(params: Params, site: int, seed: int) -> Params:
    """The parameters as the scanner of a site has them; unchanged where there is only one.

    Every scale is a log-normal factor whose spread `site_spread` multiplies; a third of the sites has 1.5 T
    and the noise that goes with it.
    """
    if params.sites == 1:
        return params
    rng, spread = site_generator(seed, site), params.site_spread
    noise, blur, bias, lesions, fat = np.exp(spread * rng.normal(0, (0.15, 0.25, 0.3, 0.08, 0.4)))
    flair_gm, t1_gm = spread * rng.normal(0, (0.05, 0.035))
    low_field, echo = rng.random() < 1 / 3, rng.uniform(-0.2, 0.2)
    noise = noise * (0.75 if low_field else 1.0)
    return replace(
        params,
        tesla=1.5 if low_field else params.tesla,
        echo_ms=round(params.echo_ms * (1.4 if low_field else 1.0) * (1 + spread * float(echo)), 1),
        flair_snr=params.flair_snr * float(noise),
        t1_snr=params.t1_snr * float(noise),
        phase_snr=params.phase_snr * float(noise),
        blur_mm=params.blur_mm * float(blur),
        bias=params.bias * float(bias),
        flair_contrast=params.flair_contrast * float(lesions),
        flair_gm=params.flair_gm + float(flair_gm),
        t1_gm=params.t1_gm + float(t1_gm),
        fat=params.fat * float(fat),
    )
