"""What did the overlap do to the score? Clean and dirty examples compared, with statistics that hold up."""

from overlap.impact.analysis import score_impact
from overlap.impact.cdfs import Distribution, Distributions, distributions
from overlap.impact.gaps import Gap, TrainHeldout, train_heldout
from overlap.impact.rules import RULES, DirtyRule
from overlap.impact.score_files import read_scores
from overlap.impact.scores import ModelScores, Scores
from overlap.impact.values import Contrast, Control, Estimate, Impact, Llama2Tests, ModelImpact, SweepResult, ZTest

__all__ = [
    "RULES",
    "Contrast",
    "Control",
    "DirtyRule",
    "Distribution",
    "Distributions",
    "Estimate",
    "Gap",
    "Impact",
    "Llama2Tests",
    "ModelImpact",
    "ModelScores",
    "Scores",
    "SweepResult",
    "TrainHeldout",
    "ZTest",
    "distributions",
    "read_scores",
    "score_impact",
    "train_heldout",
]
