"""A cuboid by three clicks: what is asked for next, and what is said at its end."""

from plugins.pointcloud.tools.three import ThreeClicksTool
from tests.plugins.pointcloud.space_ground import SpaceHand, scene_with


def test_each_click_says_what_is_next_and_the_last_what_there_is() -> None:
    hand = SpaceHand(ThreeClicksTool(), scene_with())
    said = []
    for at in ((8.0, 0.0, 0.0), (12.0, 0.0, 0.0), (10.0, 1.0, 0.0)):
        hand.click(at)
        said.append(hand.tool.words())
    assert said[:2] == ["Now the middle of its front.", "Now one of its sides."]
    assert said[2].startswith("4.0 m long, 2.0 m wide, ")
    assert len(hand.edits) == 1
