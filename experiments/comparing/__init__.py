"""EM beside the posterior on one data set: run, scored by one referee, told in sections."""
