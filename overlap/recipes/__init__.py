"""Recipes: benchmarks by name. ``benchmarks.yaml`` is the table; users add their own in files of the same form."""

from overlap.recipes.expanding import expand, named_recipe
from overlap.recipes.recipe import Recipe
from overlap.recipes.table import load_recipes, user_recipes_path

__all__ = ["Recipe", "expand", "load_recipes", "named_recipe", "user_recipes_path"]
