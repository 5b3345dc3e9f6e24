"""Posteriors that this project did not make (PyMC, Stan through ArviZ, NumPyro): how trees are read and relabelled."""
