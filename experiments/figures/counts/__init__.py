"""How many components: criteria, evidence, filled ones."""
