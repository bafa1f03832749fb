"""Training templates for point clouds: each one readable file that runs in a closed environment."""
