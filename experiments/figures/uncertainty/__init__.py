"""Errors, intervals, priors and calibration."""
