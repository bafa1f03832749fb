"""One-colour icons of 24 x 24; `currentColor` is replaced by the palette's."""
