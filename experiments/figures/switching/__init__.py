"""Labels: clouds, orderings, switches."""
