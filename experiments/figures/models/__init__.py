"""What assumptions change: covariance structures, sigma, overlap."""
