"""Speed and memory, measured as ratios within one run; never asserted by the clock in a test."""
