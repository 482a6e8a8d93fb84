"""Networks and everything that needs torch."""
