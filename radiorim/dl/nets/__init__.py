"""Architectures, one file each: `build(channels, outputs, **options) -> nn.Module` and `SMALL` options."""
