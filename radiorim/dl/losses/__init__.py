"""Losses, one file each: `build(**options)` gives a module that is called with (output, target)."""
