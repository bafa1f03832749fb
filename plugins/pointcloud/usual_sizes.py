"""How large things usually are, by the names that data sets give them: where a template does not say."""

from studio.domain.values import XYZ

# length, width, height, metres: means over KITTI, nuScenes and Argoverse 2, rounded
_SIZES: dict[str, XYZ] = {
    "car": (4.5, 1.85, 1.6),
    "van": (5.2, 2.0, 2.2),
    "truck": (8.0, 2.6, 3.2),
    "bus": (11.0, 2.9, 3.4),
    "tractor": (6.0, 2.5, 3.4),  # of a lorry, about a European one: no data set labels it apart
    "trailer": (12.0, 2.8, 3.8),
    "tram": (15.0, 2.6, 3.6),
    "motorcycle": (2.1, 0.8, 1.4),
    "bicycle": (1.75, 0.65, 1.25),
    "cyclist": (1.8, 0.65, 1.75),
    "pedestrian": (0.75, 0.7, 1.75),
    "cone": (0.4, 0.4, 1.0),
    "barrier": (0.5, 2.5, 1.0),
}
_OTHER_NAMES = {
    "automobile": "car",
    "passenger_car": "car",
    "regular_vehicle": "car",
    "vehicle": "car",
    "lorry": "truck",
    "large_vehicle": "truck",
    "tractor_unit": "tractor",
    "truck_cab": "tractor",
    "semi_trailer": "trailer",
    "semitrailer": "trailer",
    "motorbike": "motorcycle",
    "motorcyclist": "motorcycle",
    "bike": "bicycle",
    "bicyclist": "cyclist",
    "rider": "cyclist",
    "person": "pedestrian",
    "adult": "pedestrian",
    "walker": "pedestrian",
    "trafficcone": "cone",
    "traffic_cone": "cone",
    "construction_cone": "cone",
}


def usual_size(name: str) -> XYZ | None:
    """Of a class by its name, in any case, also as the last part of a dotted one ("vehicle.car"); or None."""
    for part in reversed(name.casefold().replace(" ", "_").replace("-", "_").split(".")):
        found = _SIZES.get(_OTHER_NAMES.get(part, part))
        if found is not None:
            return found
    return None
