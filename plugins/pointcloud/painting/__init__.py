"""Labelling single points: their labels at the visible frame, what a hand reaches of them, strokes. No Qt."""
