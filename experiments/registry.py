"""Every experiment there is."""

from experiments import ascents, calibration, em_speed, galaxies, old_faithful

EXPERIMENTS = (
    old_faithful.EXPERIMENT,
    galaxies.EXPERIMENT,
    ascents.EXPERIMENT,
    em_speed.EXPERIMENT,
    calibration.EXPERIMENT,
)
