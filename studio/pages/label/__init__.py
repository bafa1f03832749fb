"""Label: one item in the editor of its modality, with everything around it that keeps work safe."""
