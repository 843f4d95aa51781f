"""How long the people in a line still wait.

Pure: no clock, no tasks, no store. The parts of it that learn import numpy; importing this
package alone does not.
"""

from .wait import NOBODY_ON_DUTY, NOT_KNOWN_YET, Wait

__all__ = ["NOBODY_ON_DUTY", "NOT_KNOWN_YET", "Wait"]
