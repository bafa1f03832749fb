"""Routes: decode, who may, one call, encode."""
