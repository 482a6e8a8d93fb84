"""Candidate generators, instances, tidy rules and tabular judges."""
