import dataclasses

from kolapp_signalling.composed_settings import COMPOSED
from kolapp_signalling.settings import Settings


def test_every_setting_of_the_lower_packages_is_told_and_no_other():
    for group, told in COMPOSED.items():
        fields = {item.name for item in dataclasses.fields(getattr(Settings(), group))}
        assert fields == set(told), f"COMPOSED[{group!r}]"
