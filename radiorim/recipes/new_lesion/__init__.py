"""Systems that find lesions new between two visits."""
