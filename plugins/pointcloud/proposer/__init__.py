"""Proposals of tracks and cuboids by geometry alone: usable before the first label exists."""

from plugins.pointcloud.proposer.proposing import Proposals, propose
from plugins.pointcloud.proposer.sweeps import Found, found_in

__all__ = ["Found", "Proposals", "found_in", "propose"]
