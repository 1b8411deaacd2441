"""A Dockerfile as a list of stages, each a list of instructions."""

import json
import re
from dataclasses import dataclass
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
IMAGES = ("hub", "lab", "lab-gpu", "service", "worker")


@dataclass(frozen=True)
class Instruction:
    """One instruction, with build arguments put in where Docker does so."""

    word: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value as JSON's list, or by blanks."""
        return list(json.loads(self.value)) if self.value.startswith("[") else self.value.split()


@dataclass(frozen=True)
class Stage:
    """What stands between one FROM and the next."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def last(self, word: str) -> Instruction | None:
        """The last instruction of a kind, which is the one that counts."""
        return next((each for each in reversed(self.instructions) if each.word == word), None)


@dataclass(frozen=True)
class Dockerfile:
    """One image's."""

    image: str
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """Where it is."""
        return ROOT / "images" / self.image / "Dockerfile"

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Its stages in their order."""
        parser = DockerfileParser(fileobj=BytesIO(self.path.read_bytes()))
        given, found = dict(self.arguments), []
        before: dict[str, str] = {}
        values = before
        instructions: list[Instruction] = []
        for step in parser.structure:
            word, value = step["instruction"], step["value"]
            if word == "COMMENT":
                continue
            if word == "ARG":
                name, _, default = value.partition("=")
                values[name] = given.get(name) or default or before.get(name, "")
                continue
            value = re.sub(r"\$\{(\w+)\}", partial(_put_in, before if word == "FROM" else values), value)
            if word == "FROM":
                base, name = re.fullmatch(r"(\S+) AS (\S+)", value).groups()  # type: ignore[union-attr]
                instructions, values = [], {}
                found.append((name, base, instructions))
            else:
                instructions.append(Instruction(word, value))
        return tuple(Stage(name, base, tuple(steps)) for name, base, steps in found)


def _put_in(values: dict[str, str], match: re.Match[str]) -> str:
    return values.get(match[1], match[0])
