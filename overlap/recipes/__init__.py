"""Recipes: benchmarks by name. ``benchmarks.yaml`` is the table; users add their own in files of the same form."""

from overlap.recipes.expanding import expand, is_recipe
from overlap.recipes.recipe import Recipe
from overlap.recipes.table import load_recipes, user_recipes_path

__all__ = ["Recipe", "expand", "is_recipe", "load_recipes", "user_recipes_path"]
