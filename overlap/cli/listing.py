"""The command recipes."""

from __future__ import annotations

import click

from overlap.cli.group import main

__all__ = ["recipes"]


@main.command()
@click.argument("name", required=False)
@click.option("--recipes", "file", type=click.Path(), metavar="FILE", help="A YAML file of more recipes.")
@click.option(
    "--format", "format", type=click.Choice(("terminal", "md", "json")), default="terminal", show_default=True
)
def recipes(name: str | None, file: str | None, format: str) -> None:
    """List the benchmarks that can be named as test sets, or show one.

    Your own stand in overlap/recipes.yaml in your folder of configurations, or in a FILE that you name.

    Examples: overlap recipes
              overlap recipes gsm8k --format json
    """
    from overlap.console import print_rich
    from overlap.recipes import load_recipes
    from overlap.report.recipes import recipe_tables, render_recipes
    from overlap.report.rendering import to_rich

    found = load_recipes(file)
    if name is not None and name not in found:
        raise click.UsageError(f"no recipe is called {name!r}; overlap recipes lists them")
    chosen = [recipe.to_json() for key, recipe in found.items() if name in (None, key)]
    if format == "terminal":
        print_rich(lambda width: to_rich(recipe_tables(chosen, one=name is not None), width))
    else:
        print(render_recipes(chosen, format, one=name is not None), end="")
