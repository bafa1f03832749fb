"""Training templates for pictures: each one readable file that runs in a closed environment."""
