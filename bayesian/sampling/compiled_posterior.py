"""A posterior compiled once for a class of shapes, then sampled for any data of that class."""

import dataclasses
import os
import time
from dataclasses import dataclass
from typing import Self

import numpy as np
import pymc as pm
from numpy.typing import ArrayLike
from nutpie.compile_pymc import CompiledPyMCModel

from bayesian.model import build
from bayesian.ops.compilation import compile_model
from bayesian.posterior import Posterior
from bayesian.priors.prior import Prior
from bayesian.sampling.groups import posterior_of
from bayesian.sampling.problem import Problem, Starts, family
from bayesian.sampling.running import run_chains
from bayesian.sampling.settings import Seeds, Settings
from bayesian.sampling.store import Store, fingerprint
from bayesian.starts import unconstrained
from mixture import GaussianMixture
from mixture.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class CompiledPosterior:
    """p(theta | X) proportional to p(theta) prod_n sum_k pi_k N(x_n | mu_k, Sigma_k) as machine code.

    The code belongs to a shape class: structure, K, D, the family of the prior, ordered or not. `with_data` puts other
    data and other hyperparameters of the same family under the same code, in milliseconds.

    problem: data, K, structure, prior, order. model: a PyMC model of the shape class with its named variables, on a few
    of the points. code: nutpie's compiled model, which holds the data of the problem.
    """

    problem: Problem
    model: pm.Model
    code: CompiledPyMCModel

    @classmethod
    def of(
        cls,
        x: ArrayLike,
        n_components: int,
        *,
        structure: str = "full",
        prior: Prior | None = None,
        ordered: bool = False,
        allow_improper: bool = False,
    ) -> Self:
        """Compiles the model of `bayesian.build`; arguments and errors as there."""
        return cls.compile(
            Problem.of(x, n_components, structure, prior, ordered=ordered, allow_improper=allow_improper)
        )

    @classmethod
    def compile(cls, problem: Problem) -> Self:
        """Machine code for the shape class of a problem, with its data."""
        model = build(
            problem.x[: max(problem.n_components, 2)],  # code does not depend on N: the model need not keep the data
            problem.n_components,
            structure=problem.structure,
            prior=problem.prior,
            ordered=problem.ordered,
            allow_improper=True,
        )
        return cls(problem, model, compile_model(model)).of_class(problem)

    def of_class(self, problem: Problem) -> Self:
        """The same code for another problem of its shape class; raises ValueError if it is of another."""
        if problem.shape_class != self.problem.shape_class:
            raise ValueError(
                f"compiled for {self.problem.shape_class}, not for {problem.shape_class}: compile it anew"
                " with CompiledPosterior.of"
            )
        known = {variable.name for variable in self.code.shared_var_keys}
        code = self.code.with_data(**{name: values for name, values in problem.data.items() if name in known})
        return dataclasses.replace(self, problem=problem, code=code)

    def with_data(self, x: ArrayLike, prior: Prior | None = None, *, allow_improper: bool = False) -> Self:
        """The same code on other data x (N, D), of any N; under the same prior unless another of its family is given.

        Raises ValueError if D or the family of the prior is another, and as `bayesian.build` for bad data or an
        improper posterior.
        """
        chosen = self.problem.prior if prior is None else prior
        if family(chosen) != family(self.problem.prior):
            raise ValueError(
                "the prior is of another family than the one compiled: compile it with CompiledPosterior.of"
            )
        k, _, structure = self.problem.shape
        return self.of_class(
            Problem.of(x, k, structure, chosen, ordered=self.problem.ordered, allow_improper=allow_improper)
        )

    def start(self, mixture: GaussianMixture) -> FloatArray:
        """The unconstrained coordinates (n_dim,) of a mixture; raises ValueError as `bayesian.starts`."""
        return unconstrained(self.model, mixture, data=self.problem.data, shapes=self.code.shapes)

    def sample(
        self,
        draws: int = 1000,
        tune: int = 1000,
        chains: int = 4,
        *,
        starts: Starts = "dispersed",
        random_seed: int | np.random.Generator | None = None,
        target_accept: float = 0.9,
        cores: int | None = None,
        progressbar: bool = True,
        store: str | os.PathLike[str] | None = None,
        include_transformed: bool = False,
    ) -> Posterior:
        """Draws by NUTS; arguments, result and errors as of `bayesian.sample`."""
        settings = Settings(draws, tune, chains, target_accept, cores, progressbar)
        if store is not None and random_seed is None:
            raise ValueError("a run that is stored needs a random_seed: without one it could not be resumed")
        seeds = Seeds.of(random_seed, settings.chains)
        mixtures, superchains = self.problem.starts(starts, settings.chains, seeds.starts)
        points = [self.start(mixture) for mixture in mixtures]
        folder = None if store is None else Store.of(store, fingerprint(self.problem, points, seeds, settings))
        began = time.perf_counter()
        drawn = run_chains(
            self.code,
            points,
            seeds.chains,
            settings,
            finished={} if folder is None else folder.chains(settings.chains),
            keep=(lambda _, __: None) if folder is None else folder.keep,
        )
        return posterior_of(
            drawn,
            self.problem,
            self.model,
            superchains=superchains,
            seeds=seeds,
            settings=settings,
            attrs={
                "sampler": "nutpie",
                "starts": starts if isinstance(starts, str) else f"{len(starts)} given",
                "sampling_time": time.perf_counter() - began,
            },
            include_transformed=include_transformed,
        )
