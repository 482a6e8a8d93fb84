"""The ruler: pure functions on arrays and spacing, one rule for each name, undefined is never a number."""
