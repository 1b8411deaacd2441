"""Directives that write what the program itself knows - settings, commands, limits, formats - so that no page goes stale.

Each writes Markdown and has it parsed where it stands, so it is for Markdown pages alone.
"""

import argparse
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["TABLES", "setup"]

_GIB = 2**30


def settings(class_name: str) -> Iterator[str]:
    """Every configurable trait of a class, given as ``module:Class``, with its default and its help."""
    module, _, name = class_name.partition(":")
    kind = getattr(__import__(module, fromlist=[name]), name)
    for trait in kind.class_own_traits(config=True).values():
        default = trait.default() if f"_{trait.name}_default" not in vars(kind) else None
        said = "" if default is None else f" (default: `{default!r}`)"
        yield f"`c.{kind.__name__}.{trait.name}`{said}\n: {_one_line(trait.help)}\n"


def commands(_: str) -> Iterator[str]:
    """Every command with its arguments."""
    from skydesk.cli import _parser

    for parser in _leaves(_parser()):
        yield f"## `{parser.prog}`\n"
        if parser.description:
            yield f"{parser.description}\n"
        yield f"```text\n{_usage(parser)}\n```\n"
        for action in parser._actions:
            if action.help and action.dest not in {"help", "survey", "debug"}:
                yield f"`{_shown(action)}`\n: {_one_line(action.help)}\n"


def views(_: str) -> Iterator[str]:
    """What the groups grant."""
    from skydesk.access import default_policy

    granted = {name: group.entitlements for name, group in default_policy().groups.items() if group.entitlements.jobs.queued}
    yield "| | " + " | ".join(granted) + " |"
    yield "|---|" + "---:|" * len(granted)
    rows: list[tuple[str, Callable[[Any], Any]]] = [
        ("services", lambda e: ", ".join(sorted(e.services)).replace("*", "all")),
        ("releases", lambda e: ", ".join(sorted(e.releases)).replace("*", "all")),
        ("rows of a result", lambda e: f"{e.query.max_rows:,}"),
        ("size of a result", lambda e: f"{e.query.max_result_bytes / _GIB:g} GiB"),
        ("a job may run", lambda e: _time(e.query.max_seconds)),
        ("a quick query may run", lambda e: _time(e.query.quick_seconds)),
        ("rows of a quick query", lambda e: f"{e.query.quick_rows:,}"),
        ("positions of a cutout job", lambda e: f"{e.cutout.max_positions:,}"),
        ("images of a cutout job", lambda e: f"{e.cutout.max_result_bytes / _GIB:,g} GiB"),
        ("a cutout job may run", lambda e: _time(e.cutout.max_seconds)),
        ("positions cut at once", lambda e: f"{e.cutout.quick_positions:,}"),
        ("jobs at the same time", lambda e: e.jobs.concurrent),
        ("jobs waiting or running", lambda e: f"{e.jobs.queued:,}"),
        ("memory of a job", lambda e: f"{e.jobs.memory_bytes / _GIB:g} GiB"),
        ("results are kept", lambda e: _time(e.jobs.lifetime_seconds)),
        ("warned before the end", lambda e: _time(e.jobs.warning_seconds)),
        ("renewals", lambda e: e.jobs.max_renewals),
    ]
    for title, value in rows:
        yield f"| {title} | " + " | ".join(str(value(entitlements)) for entitlements in granted.values()) + " |"


def formats(_: str) -> Iterator[str]:
    """Formats, endings and compressions."""
    from skydesk.query.output import FORMATS

    yield "| format | endings | compression, the first where none is asked for |"
    yield "|---|---|---|"
    for rules in FORMATS.values():
        inside = "" if rules.packed else " (inside the file)"
        yield f"| {rules.title} | {' '.join(f'`{ending}`' for ending in rules.endings)} | {', '.join(rules.compressions)}{inside} |"


def functions(_: str) -> Iterator[str]:
    """Functions that statements may call."""
    from skydesk.backends.oracle_sql import FUNCTIONS

    yield " ".join(f"`{name}`" for name in FUNCTIONS)


def errors(_: str) -> Iterator[str]:
    """Codes of errors with their HTTP status."""
    from skydesk import errors as module
    from skydesk.web.errors import http_status

    yield "| code | HTTP | exception | meaning |"
    yield "|---|---:|---|---|"
    for name in module.__all__:
        kind = getattr(module, name)
        if inspect.isclass(kind) and issubclass(kind, module.SkydeskError) and kind is not module.SkydeskError:
            meaning = _one_line(inspect.getdoc(kind) or "").split(". ")[0].rstrip(".").replace("``", "`")
            yield f"| `{kind.code}` | {http_status(kind('x'))} | `{name}` | {meaning} |"


def transitions(_: str) -> Iterator[str]:
    """Which phase may follow which."""
    from skydesk.jobs.model import Phase
    from skydesk.jobs.rules import TRANSITIONS

    yield "| phase | may become |"
    yield "|---|---|"
    for phase, following in TRANSITIONS.items():
        yield f"| {phase} | {', '.join(each for each in Phase if each in following) or 'nothing else'} |"


def examples(_: str) -> Iterator[str]:
    """The examples of the demo survey."""
    from skydesk.survey import load_survey, shipped_survey

    for example in load_survey(shipped_survey("demo")).examples:
        yield f"**{example.title}.** {example.description}\n\n```sql\n{example.sql}\n```\n"


TABLES: dict[str, Callable[[str], Iterator[str]]] = {
    "settings": settings,
    "commands": commands,
    "views": views,
    "formats": formats,
    "functions": functions,
    "errors": errors,
    "transitions": transitions,
    "examples": examples,
}
"""What ``{skydesk} name argument`` can write."""


class _Table(SphinxDirective):
    """``{skydesk} name [argument]``."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write it."""
        name, *rest = self.arguments
        if name not in TABLES:
            raise self.error(f"there is no table {name!r}; there are {', '.join(TABLES)}")
        self.env.note_reread()  # what it shows is in the program, not in the page
        return self.parse_text_to_nodes("\n".join(TABLES[name](*rest or [""])), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("skydesk", _Table)
    return {"parallel_read_safe": True}


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield parser
    for action in inner:
        for each in action.choices.values():
            yield from _leaves(each)


def _usage(parser: argparse.ArgumentParser) -> str:
    formatter = argparse.HelpFormatter(parser.prog, width=100)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, prefix="")
    return formatter.format_help().strip().replace("[-h] [--survey FILE] [--debug] ", "")


def _shown(action: argparse.Action) -> str:
    if not action.option_strings:
        return str(action.metavar or action.dest)
    value = "" if action.nargs == 0 else " " + str(action.metavar or ("|".join(action.choices) if action.choices else action.dest.upper()))
    return ", ".join(action.option_strings) + value


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _time(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
