"""The pages of the studio, in the order of the loop; the window loads each on its first visit."""

from studio.domain.wire.routes import ANNOTATE, REVIEW, SEE_SCIENCE, WORKERS
from studio.shell.page import PageInfo

PAGES: tuple[PageInfo, ...] = (
    PageInfo("home", "Home", "home", "studio.pages.home.page:HomePage", "Alt+1", needs_project=False),
    PageInfo("data", "Data", "data", "studio.pages.data.page:DataPage", "Alt+2"),
    PageInfo(
        "label", "Label", "label", "studio.pages.label.page:LabelPage", "Alt+3", roles=WORKERS | ANNOTATE
    ),
    PageInfo("review", "Review", "review", "studio.pages.review.page:ReviewPage", "Alt+4", roles=REVIEW),
    PageInfo("train", "Train", "train", "studio.pages.train.page:TrainPage", "Alt+5", roles=SEE_SCIENCE),
    PageInfo(
        "evaluate",
        "Evaluate",
        "evaluate",
        "studio.pages.evaluate.page:EvaluatePage",
        "Alt+6",
        roles=SEE_SCIENCE,
    ),
    PageInfo(
        "release", "Release", "release", "studio.pages.release.page:ReleasePage", "Alt+7", roles=SEE_SCIENCE
    ),
    PageInfo(
        "security",
        "Security",
        "security",
        "studio.pages.security.page:SecurityPage",
        "Alt+8",
        needs_project=False,
    ),
)
