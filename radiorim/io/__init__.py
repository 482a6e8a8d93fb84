"""Files in and out: NIfTI, SimpleITK, BIDS, tables, provenance."""
