"""The sample workspace's recipe: pages of handwritten digits, made on the spot. No picture is shipped.

The digits are those that scikit-learn ships (`load_digits`: the test part of the UCI "Optical Recognition of
Handwritten Digits" set, E. Alpaydin and C. Kaynak, 1998, CC BY 4.0).
"""

from resources.sample.recipe import Planted, Sample, write_sample

__all__ = ["Planted", "Sample", "write_sample"]
