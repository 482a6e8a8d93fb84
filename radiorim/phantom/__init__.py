"""The embedded cohort: people, lesions, scans and truth made from the ICBM152 maps."""
