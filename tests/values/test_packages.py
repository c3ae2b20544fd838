from __future__ import annotations

from importlib import metadata

from harness.values.packages import installed, normalized


def test_every_installed_package_is_read_as_the_standard_library_reads_it() -> None:
    packages = installed()
    assert len(packages) > 50
    for name, package in packages.items():
        distribution = metadata.distribution(package.name)
        assert name == normalized(distribution.name)
        assert package.version == distribution.version
        assert list(package.requires) == (distribution.requires or [])
    assert {normalized(distribution.name) for distribution in metadata.distributions()} == set(packages)


def test_names_are_compared_as_package_indexes_do() -> None:
    assert {normalized(name) for name in ("Ruamel.YAML", "ruamel_yaml", "ruamel--yaml")} == {"ruamel-yaml"}
