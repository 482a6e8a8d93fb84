"""What is measured of a lesion."""
