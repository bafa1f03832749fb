"""Three cameras of a car: ahead, to the left through a lens that bends, and to the rear through a fisheye."""

import math

from msgspec.structs import replace

from studio.domain.entities import Calibration
from studio.domain.ids import StreamId
from studio.domain.space import joined, turn
from tests.studio.domain.space_strategies import AHEAD, CAMERA

FRONT = Calibration(
    CAMERA,
    StreamId("front"),
    "pinhole",
    (1600, 900),
    (1200.0, 0, 800, 0, 1200, 450, 0, 0, 1),
    translation=(1.5, 0.0, 1.6),
    rotation=AHEAD,
)
LEFT = replace(
    FRONT,
    model="brown_conrady",
    distortion=(-0.28, 0.08, 0.0006, -0.0004, -0.011),
    intrinsics=(900.0, 0, 800, 0, 900, 450, 0, 0, 1),
    translation=(1.2, 0.5, 1.6),
    rotation=joined(turn(math.radians(40)), AHEAD),
)
REAR = replace(
    FRONT,
    model="kannala_brandt",
    intrinsics=(420.0, 0, 800, 0, 420, 450, 0, 0, 1),
    distortion=(0.02, -0.003, 0.0, 0.0),
    translation=(-0.5, 0.0, 1.4),
    rotation=joined(turn(math.pi), AHEAD),
)
RIG = (FRONT, LEFT, REAR)
