"""Every kind has its handler, in the module that the map names."""

import pytest

from edge_jobs import registry


@pytest.mark.parametrize("kind", registry.MODULES)
def test_each_module_registers_its_kind(kind: str) -> None:
    handler = registry.find(kind)
    assert handler is not None
    assert handler.run.__module__ == registry.MODULES[kind]
    # What is to be removed is the database's to say.
    assert handler.payload.model_fields or kind == "objects.remove", "a payload has fields to check"


def test_a_kind_nobody_knows() -> None:
    assert registry.find("test.unheard_of") is None
