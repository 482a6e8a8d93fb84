"""What is done to an image before it is measured, once for a volume and only where lesions are."""
