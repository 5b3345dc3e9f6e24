"""Every experiment there is."""

from experiments import galaxies, old_faithful

EXPERIMENTS = (old_faithful.EXPERIMENT, galaxies.EXPERIMENT)
