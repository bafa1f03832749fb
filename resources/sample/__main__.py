"""`python -m resources.sample FOLDER`: write the sample, in a process of its own so that no window waits."""

import sys
from pathlib import Path

from resources.sample.recipe import write_sample

if __name__ == "__main__":
    write_sample(Path(sys.argv[1]))
