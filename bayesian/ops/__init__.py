"""PyTensor nodes with compiled kernels and closed-form gradients: the likelihood, prior densities, transforms."""
