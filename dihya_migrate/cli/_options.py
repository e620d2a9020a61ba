"""Options that several commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _remember_format(ctx: click.Context, _param: click.Parameter, value: str) -> str:
    ctx.meta["dihya.format"] = value  # the error boundary prints in the same format
    return value


def format_option(command: F) -> F:
    """``--format text|json``, passed as *layout*."""
    return click.option(
        "--format",
        "layout",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        callback=_remember_format,
        help="How to print the result.",
    )(command)


def report_option(command: F) -> F:
    """``--report text|json`` where ``--format`` already means the file's format, passed as *layout*."""
    return click.option(
        "--report",
        "layout",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        callback=_remember_format,
        help="How to print the result.",
    )(command)


def directory_option(command: F) -> F:
    """``-d/--directory``, passed as *directory*."""
    return click.option(
        "-d", "--directory", default=None, help='Migration script directory (default is "migrations")'
    )(command)


def yes_option(command: F) -> F:
    """``--yes``, passed as *yes*."""
    return click.option("--yes", is_flag=True, help="Answer yes; without a terminal nothing is asked.")(
        command
    )


def x_arg_option(command: F) -> F:
    """``-x/--x-arg``, passed as *x_arg*."""
    return click.option(
        "-x", "--x-arg", multiple=True, help="Additional arguments consumed by custom env.py scripts"
    )(command)


def sql_options(command: F) -> F:
    """``--sql`` and ``--tag``, passed as *sql* and *tag*."""
    tag = click.option(
        "--tag", default=None, help='Arbitrary "tag" name - can be used by custom env.py scripts'
    )
    sql = click.option(
        "--sql",
        is_flag=True,
        help="Don't emit SQL to database - dump to standard output instead",
    )
    return sql(tag(command))
