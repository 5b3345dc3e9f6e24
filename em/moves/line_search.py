"""How far to go along a direction."""

from em.moves.landscape import Landscape, Place
from mixture.arrays import FloatArray

SUFFICIENT = 1e-4
"""Least gain accepted, as a share of what the slope promises."""
STILL_STEEP = 0.9
"""A slope that is still this share of the first one says that the step was too short."""
FARTHEST = 4.0
"""How many times longer the next trial may be."""
LARGEST_STRETCH = 1.0
"""No step changes a standard deviation by more than e to the power of this: spikes are not to be jumped into."""
MAX_VISITS = 12
MAX_HALVINGS = 60


def search(landscape: Landscape, start: Place, direction: FloatArray, length: float = 1.0) -> Place | None:
    """A place z + t d of higher value, f(z + t d) >= f(z) + 1e-4 t f', with a slope below 0.9 f', from t = `length`.

    Weak Wolfe conditions: the t is stretched by the secant of the slopes until the second holds, and shortened by
    interpolation until the first does. Where gains are lost in rounding the slopes alone decide. Every trial that is
    a mixture costs one pass. None if there is no such place within MAX_VISITS of them.
    Source: Nocedal & Wright 2006, Numerical Optimization, section 3.5; Hager & Zhang 2005, SIAM J. Optim. 16:170.
    """
    slope = float(start.gradient @ direction)
    if not slope > 0.0:
        return None
    largest = start.coordinates.largest_stretch(direction)
    longest = LARGEST_STRETCH / largest if largest > 0.0 else float("inf")
    length = min(length, longest)
    lower, slope_below, best = 0.0, slope, None
    upper = float("inf")
    visits = 0
    for _ in range(MAX_HALVINGS):
        if visits == MAX_VISITS:
            break
        place = landscape.visit(start.vector + length * direction)
        if place is None:
            upper = length
            length = lower + 0.25 * (upper - lower)
            continue
        visits += 1
        gain, slope_here = place.value - start.value, float(place.gradient @ direction)
        rises = gain >= SUFFICIENT * length * slope
        lost_in_rounding = abs(gain) <= 0.5 * start.rounding and abs(slope_here) <= (1.0 - SUFFICIENT) * slope
        if not (rises or lost_in_rounding):
            if best is not None:
                break
            upper = length
            curved = slope * length - gain
            wanted = 0.5 * slope * length**2 / curved if curved > 0.0 else 0.0
            length = min(max(wanted, 0.1 * upper), 0.5 * upper)
            continue
        best = place
        if slope_here <= STILL_STEEP * slope or upper < float("inf") or length >= longest:
            break
        flattening = slope_below - slope_here
        stretch = (length - lower) * slope_here / flattening if flattening > 0.0 else float("inf")
        lower, slope_below = length, slope_here
        length = min(length + min(max(stretch, length), (FARTHEST - 1.0) * length), longest)
    return best
