from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from styleshot_demo import settings
from styleshot_demo.errors import Problem
from styleshot_demo.settings import Settings


def read(**variables: str) -> Settings:
    return Settings.from_environment({f"STYLESHOT_{name}": value for name, value in variables.items()})


def test_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert (Settings().host, Settings().port) == ("127.0.0.1", 7860)
    assert Settings().provenance
    assert not Settings().offline


def test_empty_variables_are_defaults() -> None:
    names = ("HOST", "PORT", "DEVICE", "MODELS", "CACHE_GB", "PROVENANCE", "OFFLINE", "MAX_UPLOAD_MB")
    assert read(**dict.fromkeys(names, "")) == Settings()


def test_every_variable_is_read() -> None:
    found = read(
        HOST="0.0.0.0",
        PORT="80",
        DEVICE="CUDA:1",
        MODELS="~/models",
        CACHE_GB="1.5",
        PROVENANCE="off",
        OFFLINE="Yes",
        MAX_UPLOAD_MB=" 5 ",
        MAX_PICTURES="40",
    )
    assert found == Settings("0.0.0.0", 80, "cuda:1", Path.home() / "models", 1.5, False, True, 5, 40)
    assert isinstance(found.port, int)


def test_a_space_listens_on_every_address() -> None:
    assert Settings.from_environment({"SPACE_ID": "a/b"}).host == "0.0.0.0"
    assert Settings.from_environment({"SPACE_ID": "a/b", "STYLESHOT_HOST": "127.0.0.1"}).host == "127.0.0.1"


def test_the_styles_of_a_space_have_a_limit_that_its_host_may_change() -> None:
    assert Settings.from_environment({}).library_gb == 0
    assert Settings.from_environment({"SPACE_ID": "a/b"}).library_gb == 1
    assert Settings.from_environment({"SPACE_ID": "a/b", "STYLESHOT_LIBRARY_GB": "2.5"}).library_gb == 2.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "7860.5"),
        ("PORT", "http"),
        ("PORT", "nan"),
        ("PORT", "inf"),
        ("DEVICE", "gpu"),
        ("DEVICE", "cuda:x"),
        ("CACHE_GB", "-1"),
        ("CACHE_GB", "much"),
        ("PROVENANCE", "maybe"),
        ("OFFLINE", "2"),
        ("MAX_UPLOAD_MB", "0"),
        ("MAX_UPLOAD_MB", "31"),
        ("MAX_UPLOAD_MB", "1.5"),
        ("MAX_PICTURES", "0"),
        ("MAX_PICTURES", "1001"),
    ],
)
def test_bad_values_are_named(name: str, value: str) -> None:
    with pytest.raises(Problem) as caught:
        read(**{name: value})
    assert caught.value.key == "bad_setting"
    assert f"STYLESHOT_{name}" in caught.value.what
    assert caught.value.todo.startswith("Set it to ")


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_every_variable_is_documented() -> None:
    source = Path(settings.__file__).read_text()
    for name in Settings.__dataclass_fields__:
        assert f"# STYLESHOT_{name.upper()}" in source


@pytest.mark.parametrize(("given", "host"), [("[::1]", "::1"), (" :: ", "::"), ("", "127.0.0.1"), ("::1", "::1")])
def test_a_host_is_taken_with_and_without_brackets(given: str, host: str) -> None:
    assert Settings.from_environment({"STYLESHOT_HOST": given}).host == host


@pytest.mark.parametrize("value", ["2.5", "soon", "", "-1"])
def test_a_time_limit_that_the_hub_s_library_cannot_read_is_told(value: str) -> None:
    with pytest.raises(Problem, match="HF_HUB_ETAG_TIMEOUT"):
        Settings.from_environment({"HF_HUB_ETAG_TIMEOUT": value})
    assert Settings.from_environment({"HF_HUB_ETAG_TIMEOUT": "30"})


@pytest.mark.parametrize("fields", [{"precision": "int8"}, {"placement": "x"}])
def test_settings_made_in_python_are_checked_too(fields):
    with pytest.raises(Problem) as caught:
        Settings(**fields)
    assert caught.value.key == "bad_setting" and "auto" in caught.value.todo


def test_a_folder_may_be_a_text(tmp_path):
    assert Settings(models=str(tmp_path)).models == tmp_path
