"""Load tests: scenarios of a day, lived by synthetic patients and clinicians, and their report."""
