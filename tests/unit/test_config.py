from __future__ import annotations

from pathlib import Path

import pytest

from tocsin import config
from tocsin.errors import ConfigError


def test_defaults_match_the_documented_ones(tmp_path: Path) -> None:
    found = config.load(tmp_path, {})
    for setting in config.SETTINGS:
        assert getattr(found, setting.name) == setting.default


def test_every_field_is_documented() -> None:
    fields = set(config.Settings.__struct_fields__) - {"home"}
    assert fields == {s.name for s in config.SETTINGS}


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('port = 1234\nhost = "0.0.0.0"\nlog_json = true\n')
    found = config.load(tmp_path, {"TOCSIN_PORT": "4321"})
    assert (found.port, found.host, found.log_json) == (4321, "0.0.0.0", True)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("port = 70000", "port"),
        ("port = true", "port"),
        ("log_level = 'loud'", "log_level"),
        ("prot = 1", "prot"),
        ("port = ", "tocsin.toml"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, names: str) -> None:
    (tmp_path / "tocsin.toml").write_text(text)
    with pytest.raises(ConfigError, match=names):
        config.load(tmp_path, {})


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"tocsin\.toml"):
        config.load(tmp_path, {})


def test_secrets_are_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_text: str) -> str:
        raise ValueError("unreadable")

    secret = config.Setting("database_url", refuse, "", "", secret=True)
    monkeypatch.setattr(config, "SETTINGS", (secret,))
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path, {"TOCSIN_DATABASE_URL": "postgresql://u:hunter2@h/d"})
    assert "hunter2" not in str(caught.value)


def test_the_home_folder(tmp_path: Path) -> None:
    assert config.default_home({"TOCSIN_HOME": str(tmp_path)}) == tmp_path
    assert config.default_home({"XDG_DATA_HOME": "/data"}) == Path("/data/tocsin")
    assert config.load(None, {"TOCSIN_HOME": str(tmp_path)}).home == tmp_path


def test_contacts_are_addresses(tmp_path: Path) -> None:
    found = config.load(tmp_path, {"TOCSIN_CONTACT": "cti@example.org,https://example.org/x"})
    assert found.contact == "mailto:cti@example.org, https://example.org/x"
    for name, wrong in (
        ("CONTACT", "javascript:alert(1)"),
        ("CONTACT", "http://example.org"),
        ("CONTACT", "mailto:a@b\nX: y"),
        ("CONTACT", "somebody"),
        ("SECURITY_POLICY", "http://example.org"),
        ("SECURITY_LANGUAGES", "en; de"),
    ):
        with pytest.raises(ConfigError, match=name):
            config.load(tmp_path, {f"TOCSIN_{name}": wrong})
