"""Modes of a posterior: which of them chains visited, left or never reached, and what weighs them."""
