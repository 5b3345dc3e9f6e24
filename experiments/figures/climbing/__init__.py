"""How EM climbs: one step, bounds, rates, optima, spikes."""
