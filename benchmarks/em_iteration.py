"""One EM iteration against scikit-learn's, in the same process: nanoseconds per point and component."""

import numpy as np
from sklearn.mixture import GaussianMixture as SklearnMixture
from threadpoolctl import threadpool_limits

import em
from benchmarks.timing import in_turn

N_SAMPLES = 100_000
CASES = ((2, 5), (2, 16), (4, 5), (10, 5), (10, 16), (32, 5), (32, 16))
"""(n_features, n_components)."""
STRUCTURES = ("full", "tied", "diag", "spherical")


def scikit_learn_at(start):
    """scikit-learn's model with the parameters of `start`."""
    model = SklearnMixture(start.n_components, covariance_type=start.structure, reg_covar=0.0)
    model.weights_, model.means_ = start.weights, start.means
    if start.structure in ("full", "tied"):
        inverse = np.linalg.inv(start.covariances)
        model.precisions_cholesky_ = np.linalg.cholesky(inverse)
    else:
        model.precisions_cholesky_ = 1.0 / np.sqrt(start.covariances)
    return model


def main() -> None:
    """Print the table: both sides on one thread, then both as they come, on all cores."""
    rng = np.random.default_rng(0)
    print(f"EM iteration, N = {N_SAMPLES}, ns per point and component (fastest of 7), ratio (median of pairs)")
    print(f"{'structure':10} {'D':>3} {'K':>3} {'ours':>8} {'sklearn':>8} {'ratio':>6} {'ratio, all cores':>17}")
    for structure in STRUCTURES:
        for d, k in CASES:
            centres = 3.0 * rng.standard_normal((k, d))
            x = centres[rng.integers(0, k, N_SAMPLES)] + rng.standard_normal((N_SAMPLES, d))
            start = em.kmeans_plus_plus(x, k, structure=structure, rng=rng)
            model = scikit_learn_at(start)

            def theirs(model=model, x=x):
                _, log_responsibilities = model._e_step(x)
                model._m_step(x, log_responsibilities)

            def ours(threads, x=x, start=start, structure=structure):
                em.m_step(em.e_step(x, start, threads=threads), structure=structure)

            with threadpool_limits(1):
                one = in_turn(lambda ours=ours: ours(1), theirs, repeats=(5, 1))
            every = in_turn(lambda ours=ours: ours(None), theirs, repeats=(5, 1))
            scale = 1e9 / (N_SAMPLES * k)
            print(
                f"{structure:10} {d:3} {k:3} {one.ours * scale:8.1f} {one.theirs * scale:8.1f} {one.ratio:6.1f}"
                f" {every.ratio:17.1f}"
            )


if __name__ == "__main__":
    main()
