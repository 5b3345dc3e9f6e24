"""What a comparison of EM with the posterior shows: data, climbs, draws, predictions, partitions."""
