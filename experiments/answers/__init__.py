"""The reports of experiments whose words do not fit beside what they run."""
