"""Kinds of job, and which function carries each out. By import string: a job may need heavy libraries."""

KINDS: dict[str, str] = {
    "import": "training.work.imports:carry_out",
    "export": "training.work.exports:carry_out",
    "predict": "training.work.predictions:carry_out",
    "accept_predictions": "training.work.predictions:carry_out_acceptance",
    "revert_batch": "training.work.reverting:carry_out",
    "evaluate": "training.work.evaluation:carry_out",
    "gate": "training.work.releases:carry_out",
}
