"""Every benchmark, one after the other: `python -m benchmarks`."""

from benchmarks import compilation, em_iteration, fit_memory, gradient, linear_in_n, out_of_core, relabelling, sampling


def main() -> None:
    """Run them all on an idle machine; the numbers are ratios within this run."""
    for benchmark in (em_iteration, linear_in_n, fit_memory, out_of_core, gradient, compilation, sampling, relabelling):
        benchmark.main()
        print()


if __name__ == "__main__":
    main()
