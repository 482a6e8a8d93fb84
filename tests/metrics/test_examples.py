"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from radiorim import metrics

MODULES = [module.name for module in pkgutil.iter_modules(metrics.__path__, "radiorim.metrics.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_listed_and_documented(name):
    module = importlib.import_module(name)
    for public in module.__all__:
        assert getattr(module, public) is not None
    own = {
        n for n, v in vars(module).items() if getattr(v, "__module__", "") == name and not n.startswith("_")
    }
    assert all(vars(module)[n].__doc__ for n in own)
