"""`python run_made_up.py run --all --output DIR`: the command line with the experiments of `made_up`."""

import sys

import made_up

from experiments.cli import main

if __name__ == "__main__":
    made_up.registered()
    sys.exit(main())
