"""What single studies compute beyond a comparison: climbs and their stops, run-away likelihoods, costs."""
