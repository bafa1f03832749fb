"""Files that the product ships: ontologies, themes, icons and the sample workspace's recipe."""
