"""The labelling template of generated scenes: classes of tracks with their usual sizes, and of groups."""

from studio.domain.ontology import ClassType, Ontology, RoleType

CAR, VAN, TRACTOR, TRAILER = "car", "van", "tractor", "trailer"
BICYCLE, RIDER, PEDESTRIAN = "bicycle", "rider", "pedestrian"
LORRY, CYCLIST, WALK = "lorry", "cyclist", "walking_together"

ONTOLOGY = Ontology(
    classes=(
        ClassType(CAR, color="#2f7ed8", letter="C", geometries=("cuboid", "box"), size_m=(4.5, 1.85, 1.55)),
        ClassType(VAN, color="#17a2a2", letter="V", geometries=("cuboid", "box"), size_m=(5.4, 2.0, 2.3)),
        ClassType(TRACTOR, color="#d9822b", letter="T", geometries=("cuboid", "box"), size_m=(6.0, 2.5, 3.4)),
        ClassType(
            TRAILER, color="#b0581c", letter="R", geometries=("cuboid", "box"), size_m=(12.0, 2.5, 3.8)
        ),
        ClassType(BICYCLE, color="#8e44ad", letter="B", geometries=("cuboid", "box"), size_m=(1.8, 0.6, 1.1)),
        ClassType(RIDER, color="#c65bcf", letter="I", geometries=("cuboid", "box"), size_m=(0.8, 0.6, 1.5)),
        ClassType(
            PEDESTRIAN, color="#c0392b", letter="P", geometries=("cuboid", "box"), size_m=(0.6, 0.65, 1.75)
        ),
    ),
    groups=(
        ClassType(
            LORRY,
            roles=(
                RoleType("tractor", classes=(TRACTOR,), minimum=1, maximum=1),
                RoleType("trailer", classes=(TRAILER,), minimum=1, maximum=2),
            ),
        ),
        ClassType(
            CYCLIST,
            roles=(
                RoleType("vehicle", classes=(BICYCLE,), minimum=1, maximum=1),
                RoleType("rider", classes=(RIDER,), maximum=1),
            ),
        ),
        ClassType(WALK, roles=(RoleType("walker", classes=(PEDESTRIAN,), minimum=1),)),  # one may leave
    ),
)
NAMES = tuple(each.name for each in ONTOLOGY.classes)
# of each point's label: 0 is no class, 1 the ground, 2 clutter, then the classes in their order
GROUND_LABEL, CLUTTER_LABEL = 1, 2
LABEL_OF = {name: number for number, name in enumerate(NAMES, CLUTTER_LABEL + 1)}
