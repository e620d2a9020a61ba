"""Write the reference pages that are made from the code: ``python -m docs.generate``, or ``make docs``."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path

import click

from dihya_migrate import errors, settings
from dihya_migrate.actions.validate import checks_page
from dihya_migrate.cli._groups import audit_group, db_group, gdpr_group
from dihya_migrate.errors import DihyaError
from dihya_migrate.settings import Settings

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written from the code by `make docs`; a test fails when this page differs. -->"
DERIVED = frozenset({"audit_file_required"})
"""Fields that the other settings decide; no key of ``app.config`` sets them."""
KINDS = {"Profile": "a word", "Path": "a path", "int": "a whole number", "float": "a number"}
"""What a setting of each type is called; all others are text."""

COMMANDS = """# Commands

{note}
<!-- fmt: off -->

`Migrate(app, db)` adds three groups to `flask`. An option can also be set by an environment variable made of
the group, the command and the option: with `FLASK_DB_UPGRADE_LOCK_TIMEOUT=60`, `flask db upgrade` is
`flask db upgrade --lock-timeout 60`. The middle word is the group's name:
`Migrate(app, db, command="database")` makes it `FLASK_DATABASE_...`.

The result goes to stdout, words about the run to stderr. `--format json` prints one JSON document on stdout,
for an error too: `{{"error": {{"type": ..., "message": ..., "next_step": ..., "exit_code": ...,
"findings": [...]}}}}`.

{groups}## Exit codes

0 is done, or nothing to do. 2 is also what a bad option gets. What is no error of ours leaves with 1.

| code | error | when |
|---|---|---|
{codes}
"""

SETTINGS = """# Settings

{note}
<!-- fmt: off -->

Keys of `app.config`, read once, when `Migrate` is initialised on the application: set them before that. A
wrong value raises `ConfigurationError` there and then. After `app.config.from_prefixed_env()` each of them
can come from the environment under `FLASK_` and its name, as in `FLASK_DIHYA_LOCK_TIMEOUT=60`.

A `..._KEY_FILE` is the path of a file that holds the key. This makes a key, to be kept as passwords are:
`python -c "import secrets; print(secrets.token_hex(32))"`.

An empty `DIHYA_AUDIT_FILE`, or `TESTING` without one, means that no file is kept.

| key | value | default | what it is |
|---|---|---|---|
{rows}
"""


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    return {"commands.md": commands_page(), "settings.md": settings_page(), "checks.md": checks_page()}


def commands_page() -> str:
    """``docs/reference/commands.md``."""
    groups = "".join(_group(group) for group in (db_group(), gdpr_group(), audit_group()))
    codes = "\n".join(f"| {code} | `{name}` | {when} |" for code, name, when in exit_codes())
    return COMMANDS.format(note=NOTE, groups=groups, codes=codes)


def settings_page() -> str:
    """``docs/reference/settings.md``."""
    return SETTINGS.format(note=NOTE, rows="\n".join(_setting(field) for field in setting_fields()))


def setting_fields() -> tuple[Field[object], ...]:
    """The fields of :class:`Settings` that an application can set."""
    return tuple(field for field in fields(Settings) if field.name not in DERIVED)


def exit_codes() -> list[tuple[int, str, str]]:
    """Code, name and meaning of each error that names a code of its own."""
    found = [
        (error.exit_code, name, _first_sentence(error))
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, DihyaError) and "exit_code" in vars(error)
    ]
    return sorted(row for row in found if row[1] != "DihyaError")


def _first_sentence(error: type[DihyaError]) -> str:
    return _cell((inspect.getdoc(error) or "").split("\n\n")[0])


def _group(group: click.Group) -> str:
    context = click.Context(group, info_name=f"flask {group.name}")
    commands = [
        command for name in group.list_commands(context) if (command := group.get_command(context, name))
    ]
    summary = "\n".join(
        f"| [`{command.name}`](#flask-{group.name}-{command.name}) | {_cell(_paragraphs(command)[0])} |"
        for command in commands
    )
    return (
        f"## flask {group.name}\n\n{group.help}\n\n{_options(group)}"
        f"| command | does |\n|---|---|\n{summary}\n\n"
        + "".join(_command(command, context) for command in commands)
    )


def _command(command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=command.name, parent=parent)
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    text = "\n\n".join(_paragraph(words) for words in _paragraphs(command))
    return f"### {context.command_path}\n\n`{usage}`\n\n{text}\n\n{_options(command)}"


def _paragraphs(command: click.Command) -> list[str]:
    told = [*inspect.cleandoc(command.help or "").split("\n\n"), command.epilog or ""]
    return [" ".join(words.split()) for words in told if words.strip()]


def _paragraph(words: str) -> str:
    label, found, example = words.partition("Example: ")
    return f"Example: `{example}`" if found and not label else _safe(words)


def _options(command: click.Command) -> str:
    rows = "\n".join(_option(one) for one in command.params if isinstance(one, click.Option))
    return f"| option | what it does |\n|---|---|\n{rows}\n\n" if rows else ""


def _option(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('flask')))}"
    names = ", ".join(f"`{name}{value}`" for name in option.opts)
    again = " Can be given several times." if option.multiple else ""
    default = f" Default: {option.default}." if option.show_default else ""
    words = _cell((option.help or "").rstrip("."))
    return f"| {_escaped(names)} | {words}.{again}{default} |"


def _setting(field: Field[object]) -> str:
    annotation = str(field.type)
    key = f"DIHYA_{field.name.upper()}"
    names = f"`{key}`, `{key}_FILE`" if "bytes" in annotation else f"`{key}`"
    return f"| {names} | {_kind(annotation)} | {_default(field)} | {_cell(_said()[field.name])} |"


def _kind(annotation: str) -> str:
    return next((words for name, words in KINDS.items() if name in annotation), "text")


def _default(field: Field[object]) -> str:
    if field.default in (None, "", MISSING):
        return ""
    return f"{field.default:,}" if isinstance(field.default, int) else str(field.default)


def _said() -> dict[str, str]:
    """What stands below each field of :class:`Settings`."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    return dict(_documented(body))


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
        ):
            yield field.target.id, str(ast.literal_eval(below.value))


def _cell(text: str) -> str:
    return _escaped(_safe(" ".join(text.split())).replace("``", "`"))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _safe(text: str) -> str:
    """*text* with what Markdown would take for a tag made harmless."""
    return text.replace("<", "&lt;")


def main() -> None:
    """Write all pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
