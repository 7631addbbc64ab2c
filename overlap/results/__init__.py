"""Results as frozen values, and how they are stored. Reports and metrics read only this."""

from overlap.results.overlaps import ExampleOverlap, Overlap, SourceInfo, TrainInfo
from overlap.results.storage import load_result, save_result

__all__ = ["ExampleOverlap", "Overlap", "SourceInfo", "TrainInfo", "load_result", "save_result"]
