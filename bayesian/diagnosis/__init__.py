"""The diagnosis: convergence raw, relabelled and free of labels, switches, modes, one verdict in words."""
