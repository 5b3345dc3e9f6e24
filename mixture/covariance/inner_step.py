"""How far the M step of a family without a closed form goes."""

from enum import Enum


class InnerStep(Enum):
    """The M step proper, or a generalised one. Families in closed form do the same for both.

    MAXIMISE  inner iterations until the expected log-likelihood is at its maximum to working precision
    SINGLE    one inner step, which does not lower it: generalised EM (Dempster, Laird & Rubin 1977, section 2)
    """

    MAXIMISE = "maximise"
    SINGLE = "single step"
