"""Which setting wins, and what is said of one that cannot be?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vstash.config import Settings, cache_folder, load, names, user_file
from vstash.errors import ConfigError


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    named = tmp_path / "config.toml"
    named.touch()
    return {"VSTASH_CONFIG": str(named), "UNRELATED": "x", "VSTASHED": "y"}


def write(environment: dict[str, str], text: str) -> None:
    Path(environment["VSTASH_CONFIG"]).write_text(text, encoding="utf-8")


def test_without_anything_the_defaults_hold(environment: dict[str, str]) -> None:
    found = load({}, environment)
    assert found == Settings()
    assert found.db.is_absolute()


def test_arguments_win_over_environment_over_file_over_defaults(environment: dict[str, str]) -> None:
    write(environment, 'db = "file.db"\nencoder = "file"\nbusy_wait = 1')
    environment |= {"VSTASH_DB": "environment.db", "VSTASH_ENCODER": "environment"}
    found = load({"db": "argument.db", "encoder": None}, environment)
    assert (found.db, found.encoder, found.busy_wait) == (Path("argument.db"), "environment", 1.0)


def test_a_blank_variable_is_none(environment: dict[str, str]) -> None:
    assert load({}, {**environment, "VSTASH_ENCODER": ""}).encoder == "default"


def test_the_user_file_can_be_named(environment: dict[str, str]) -> None:
    assert user_file(environment) == Path(environment["VSTASH_CONFIG"])
    assert user_file({}).name == "config.toml"


def test_an_unknown_setting_is_refused_naming_the_nearest(environment: dict[str, str]) -> None:
    write(environment, 'encodr = "hash"')
    with pytest.raises(ConfigError, match=r"encodr.*config\.toml") as caught:
        load({}, environment)
    assert "encoder" in caught.value.hint


def test_an_unknown_setting_like_no_other_gets_the_list(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="the command") as caught:
        load({"zzz": 1}, environment)
    assert all(name in caught.value.hint for name in names())


@pytest.mark.parametrize(
    ("name", "value"), [("VSTASH_BUSY_WAIT", "soon"), ("VSTASH_BUSY_WAIT", "-1"), ("VSTASH_BUSY_WAIT", "nan")]
)
def test_a_value_that_cannot_be_is_refused_in_one_line(environment: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(ConfigError, match="busy_wait") as caught:
        load({}, {**environment, name: value})
    assert "\n" not in str(caught.value)
    assert "seconds" in caught.value.hint


LONG = b"encoder = " + b"1" * 5000, b"encoder = " + b"[" * 5000


@pytest.mark.parametrize("content", [b"encoder = ", b"\xff\xfe", b"encoder = 3", *LONG], ids=range(5))
def test_a_file_that_cannot_be_read_is_named(environment: dict[str, str], content: bytes) -> None:
    Path(environment["VSTASH_CONFIG"]).write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.toml|encoder") as caught:
        load({}, environment)
    assert caught.value.hint


def test_a_number_past_all_floats_is_refused(environment: dict[str, str]) -> None:
    write(environment, f"max_file = 1{400 * '0'}")
    with pytest.raises(ConfigError, match="should be a number from 1 to 1024"):
        load({}, environment)


def test_a_cache_in_the_home_of_nobody_is_refused() -> None:
    with pytest.raises(ConfigError, match="VSTASH_CACHE should begin with the home of somebody known here"):
        cache_folder({"VSTASH_CACHE": "~nobody-at-all/cache"})


def test_a_folder_is_no_settings_file(environment: dict[str, str]) -> None:
    environment["VSTASH_CONFIG"] = str(Path(environment["VSTASH_CONFIG"]).parent)
    with pytest.raises(ConfigError):
        load({}, environment)


def test_a_settings_file_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load({}, {"VSTASH_CONFIG": "x" * 300})


def test_a_settings_file_that_is_named_must_be_there(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no settings file .*absent\.toml"):
        load({}, {**environment, "VSTASH_CONFIG": str(tmp_path / "absent.toml")})


def test_a_byte_order_mark_is_no_part_of_the_settings(environment: dict[str, str]) -> None:
    write(environment, "\ufeffencoder = 'hash'")
    assert load({}, environment).encoder == "hash"


def test_the_usual_settings_file_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert load({}, {}).encoder == "default"


def test_who_has_no_home_has_no_settings_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, os.devnull)
    assert load({}, {}).encoder == "default"
