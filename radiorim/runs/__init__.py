"""Recipes over cohorts: staged case by case, folds by person, evaluation; everything can be resumed."""
