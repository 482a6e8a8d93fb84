"""From raw scans to comparable ones: registration, bias field, brain mask, intensities."""
