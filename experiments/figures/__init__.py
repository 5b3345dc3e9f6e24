"""Figures: functions from arrays to a figure and the numbers it shows. Nothing is written, no global style touched."""
