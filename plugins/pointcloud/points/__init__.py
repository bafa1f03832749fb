"""Files of points: one reader a file kind, each from checked header arithmetic to a `Cloud`."""
