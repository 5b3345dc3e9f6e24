"""Anybody's data: tables as they come, priors from a file, the same report."""
