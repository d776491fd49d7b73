"""Which measured device is meant by a name, and which is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from backends import CannotDo
from reports.answers.evidence import Device
from suite.text import NAME, one_line

ANOTHER_DEVICE = frozenset({"ti", "super", "laptop", "mobile", "max", "d"})
"""Words behind a model's number that make it another device: an RTX 4090 Laptop GPU is no RTX 4090."""

NOTHING_PUBLISHED = "no run is published yet; `tox -e bench -- --sweep full --publish` makes one"


class NotMeasured(CannotDo):
    """The question does not say which device is meant; the message, one line, lists those there are."""


def find_device(devices: Mapping[str, Device], asked: str | None) -> Device | None:
    """The device asked for by its name, its slug or whole words of them; None asks for the only one.

    Returns None for a device that was never measured. Raises NotMeasured where it is left open which one is meant.
    """
    there_are = ", ".join(device.name for device in devices.values())
    if asked is None:
        if len(devices) != 1:
            raise NotMeasured(f"say which --device; measured: {there_are}" if devices else NOTHING_PUBLISHED)
        return next(iter(devices.values()))
    found = [device for device in devices.values() if is_device(device.slug, asked)]
    if len(found) > 1:
        raise NotMeasured(f"several measured devices match {one_line(asked, NAME)!r}; measured: {there_are}")
    return found[0] if found else None


def is_device(slug: str, asked: str) -> bool:
    """Whether the words asked for stand in the device's slug, and no other word makes it another device."""
    words, have = _words(asked), slug.split("-")
    if words == have:
        return True
    stands = any(have[at : at + len(words)] == words for at in range(len(have)))
    return bool(words) and stands and not (set(have) - set(words)) & ANOTHER_DEVICE


def nearest(device: str, names: Iterable[str]) -> tuple[str, ...]:
    """The measured devices that share a word with the name; all of them where none does."""
    every = sorted(names)
    words = set(_words(device)) - {"nvidia", "gpu", "geforce"}
    return tuple([name for name in every if words & set(_words(name))] or every)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", re.sub(r"rtx(?=\d)", "rtx ", text.lower()))
