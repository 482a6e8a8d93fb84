"""Systems that tell rim lesions from others."""
