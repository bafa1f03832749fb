"""What reading and writing Segments.ai share."""

OURS = "atelier"  # a key of a sample's metadata that only we read: which file is which frame
TRACKS = "atelier_tracks"  # another one: by number, what our tracks are called
# from a camera that looks along -z with y up to one that looks along z with y down: half a turn about x
TO_OPENCV = (1.0, 0.0, 0.0, 0.0)
