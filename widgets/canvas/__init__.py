"""What the image canvas is made of: view maths, drawables, layers, tiles, tone."""
