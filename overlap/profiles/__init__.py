"""Published rules for contamination by name: which n-grams, which rule, which columns, and where it was published."""

from overlap.profiles.columns import Measured, rows_of
from overlap.profiles.known import PROFILES, profile_of
from overlap.profiles.profile import Profile, ProfileReport
from overlap.profiles.stored import report_of_result

__all__ = ["PROFILES", "Measured", "Profile", "ProfileReport", "profile_of", "report_of_result", "rows_of"]
