"""What runs an experiment: its declaration, its budget, its progress."""
