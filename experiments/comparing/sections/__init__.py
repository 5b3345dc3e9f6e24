"""The sections of a comparison's report, in the order in which they stand there; each a function of the comparison."""
