"""What the cloud views are made of: view maths, scene, renderers, picking, painting."""
