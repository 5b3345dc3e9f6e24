"""Priors: what they are made of, whether they make the posterior proper, and draws from them."""
