"""Prints what an installed package needs, without local versions (`torch==2.13.0+cpu`), which registries do not have: requirements.py PACKAGE."""
import importlib.metadata
import re
import sys

from packaging.requirements import Requirement

for line in importlib.metadata.requires(sys.argv[1]) or []:
    requirement = Requirement(line)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        continue
    requirement.marker = None
    print(re.sub(r"(==[0-9.]+)\+[a-z0-9.]+", r"\1", str(requirement)))
