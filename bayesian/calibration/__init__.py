"""Is the posterior what it says? Simulation-based calibration of samplers, structures and the whole pipeline."""

from bayesian.calibration.calibrate import Calibration, calibrate
from bayesian.calibration.nuts import NutsSampler
from bayesian.calibration.uniformity import SimultaneousBand, simultaneous_band, uniformity_p_value

__all__ = [
    "Calibration",
    "NutsSampler",
    "SimultaneousBand",
    "calibrate",
    "simultaneous_band",
    "uniformity_p_value",
]
