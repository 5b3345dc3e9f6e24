"""Chains of nutpie side by side, each from its own start with its own seed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nutpie.compile_pymc import CompiledPyMCModel

from bayesian.ops.compilation import sample_chain
from bayesian.sampling.chain import Chain
from bayesian.sampling.settings import Settings
from mixture.arrays import FloatArray

JITTER = 0.1
"""Chains start within this distance of their start, in each coordinate of the unconstrained scale."""

POLL_SECONDS = 0.002
"""How long to wait for one chain before looking at the next."""


def run_chains(
    compiled: CompiledPyMCModel,
    starts: Sequence[FloatArray],
    seeds: Sequence[int],
    settings: Settings,
    *,
    finished: Mapping[int, Chain],
    keep: Callable[[int, Chain], None],
) -> list[Chain]:
    """One chain per start (n_dim,) and seed, `settings.workers` at a time; nutpie itself takes no start per chain.

    finished: chains that need not run. keep: called with the number and the chain as each ends. Whatever ends this
    early, Ctrl-C too, stops the chains that run. Raises ValueError if a chain cannot start.
    """
    chains = dict(finished)
    waiting = [chain for chain in range(len(starts)) if chain not in chains]
    length = settings.draws + settings.tune
    counts = [length if chain in chains else 0 for chain in range(len(starts))]
    running: dict[int, Any] = {}

    def counter(chain: int) -> Callable[[Any], None]:
        def count(progress: Any) -> None:
            counts[chain] = progress[0].finished_draws

        return count

    with _bar("sampling", len(starts) * length, settings.progressbar) as show:
        try:
            while waiting or running:
                while waiting and len(running) < settings.workers:
                    chain = waiting.pop(0)
                    running[chain] = sample_chain(
                        compiled,
                        starts[chain],
                        jitter=JITTER,
                        seed=seeds[chain],
                        draws=settings.draws,
                        tune=settings.tune,
                        target_accept=settings.target_accept,
                        progress_bar=False,
                        progress_callback=counter(chain) if settings.progressbar else None,
                        return_raw_trace=True,
                        blocking=False,
                    )
                for chain, handle in list(running.items()):
                    trace = _ended(handle, chain)
                    if trace is None:
                        continue
                    del running[chain]
                    chains[chain] = Chain.from_trace(trace, compiled.shapes)
                    keep(chain, chains[chain])
                    counts[chain] = length
                show(sum(counts))
        finally:
            for handle in running.values():
                handle.cancel()
    return [chains[chain] for chain in range(len(starts))]


def _ended(handle: Any, chain: int) -> Any:
    """The trace of a chain, or None while it runs."""
    try:
        return handle.wait(timeout=POLL_SECONDS)
    except TimeoutError:
        return None
    except RuntimeError as error:
        if "initial" not in str(error):
            raise
        raise ValueError(
            f"chain {chain} cannot start: the posterior density is zero or not finite at its start. Give another start."
        ) from error


@contextmanager
def _bar(description: str, total: int, visible: bool) -> Iterator[Callable[[int], None]]:
    """A bar with the time left on a terminal or in a notebook; nothing elsewhere."""
    if not visible:
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(transient=True) as bars:
        task = bars.add_task(description, total=total)
        yield lambda done: bars.update(task, completed=done)
