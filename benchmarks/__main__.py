"""Every benchmark, one after the other: `python -m benchmarks`."""

from benchmarks import compilation, em_iteration, fit_memory, gradient, sampling


def main() -> None:
    """Run them all on an idle machine; the numbers are ratios within this run."""
    for benchmark in (em_iteration, fit_memory, gradient, compilation, sampling):
        benchmark.main()
        print()


if __name__ == "__main__":
    main()
