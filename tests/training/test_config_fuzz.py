"""More than 100 broken experiment files: each is refused in one line before any work."""

import random

import pytest

from features.data.errors import RegimeError
from training import config

pytestmark = pytest.mark.slow
GOOD = (config.FOLDER / "default.toml").read_text()
GOOD_RANGE = (config.FOLDER / "range.toml").read_text()
# A value put in the place of a key's own.
WRONG = {
    "label": ['""', "1", "[]", '"paht"', "true", "{}", '["path"]'],
    "estimator": ['""', "1", '"nonsense"', "[]", "true"],
    "train_start": ['""', "1927", "nan", '"NaT"', '"1927"', '"01/01/1927"', "1e300", '"9999-12-31"', '"1492-01-01"'],
    "refit_weeks": ["0", "-1", "1.5", "nan", "inf", '"x"', "true", "10000000000000", "[26]"],
    "seed": ["-1", "1.5", "nan", '"x"', "true", "99999999999999999999", "[]"],
    "seeds": ["0", "-1", "1000000000000", "nan", "1e-300", "inf", "false"],
    "families": ["1", "[1]", '"breadth"', '["nonsense"]', "[[]]", "nan", '[""]'],
    "blend": ["1", "[1]", '["nonsense"]', '"logit-all"', "[nan]"],
    "exclude": ["1", "[1]", '["nonsense"]'],
    "min_history_years": ["-1", "nan", '"x"', "true", "1e300"],
    "params": ["1", "[]", '"x"'],
    "params.max_depth": ["0", "-5", "nan", '"x"', "1.5", "1000000000000"],
    "params.learning_rate": ["0", "-1", "nan", "inf", "1e-300", '"x"'],
    "params.num_leaves": ["1", "0", "-1", "nan", '"x"', "10000000000000"],
    "nonsense": ["1"],
    "params.nonsense": ["1"],
}
BYTES = {
    "empty key": b"= 1\n",
    "no value": b"label =\n",
    "a word": b"label\n",
    "two equals": b"label == 'path'\n",
    "open text": b'label = "path\n',
    "open list": b'families = ["breadth"\n',
    "open table": b"[params\nmax_depth = 2\n",
    "key twice": GOOD.encode() + b'label = "path"\n',
    "table twice": b"[params]\nmax_depth = 2\n[params]\nmax_depth = 3\n",
    "NUL": GOOD.encode() + b"\0",
    "latin": 'label = "pàth"\n'.encode("latin-1"),
    "UTF-16": GOOD.encode("utf-16"),
    "JSON": b'{"label": "path"}\n',
    "YAML": b"label: path\nseed: 7\n",
    "a web page": b"<!DOCTYPE html><html></html>\n",
    "deep": b"a = " + b"[" * 3000 + b"]" * 3000 + b"\n",
    "very long key": b"a" * 100_000 + b" = 1\n",
    "binary": bytes(range(256)),
    "Parquet": b"PAR1" + bytes(200) + b"PAR1",
    "bad escape": b'label = "\\q"\n',
    "bad date": b"train_start = 2020-13-45\n",
    "a heading only": b"[params]\n[other]\nx = 1\n",
}


def values():
    return [(key, value) for key, many in WRONG.items() for value in many]


def put(key, value):
    lines = [line for line in GOOD.splitlines() if line.partition("=")[0].strip() != key]
    table, _, name = key.rpartition(".")
    return "\n".join([*lines, *([f"[{table}]"] if table else []), f"{name} = {value}"]) + "\n"


def one_line(read, path):
    """What `read` makes of a file, or None where it is refused; anything but a `RegimeError` fails the test."""
    try:
        return read(str(path))
    except RegimeError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 2000
    return None


def refused(path):
    one_line(config.is_range, path)
    assert one_line(config.read_spec, path) is None


@pytest.mark.parametrize(("key", "value"), values())
def test_a_wrong_value(tmp_path, key, value):
    path = tmp_path / "x.toml"
    path.write_text(put(key, value))
    refused(path)


@pytest.mark.parametrize("what", BYTES)
def test_what_is_no_experiment(tmp_path, what):
    path = tmp_path / "x.toml"
    path.write_bytes(BYTES[what])
    refused(path)


@pytest.mark.parametrize("seed", range(40))
def test_a_file_with_bytes_changed_is_read_or_refused(tmp_path, seed):
    """What is still an experiment has sound settings; what is not is one line."""
    chance = random.Random(seed)
    text = bytearray((GOOD if seed % 2 else GOOD_RANGE).encode())
    for _ in range(chance.randrange(1, 6)):
        text[chance.randrange(len(text))] = chance.randrange(256)
    path = tmp_path / "x.toml"
    path.write_bytes(text)
    read = config.read_range_spec if one_line(config.is_range, path) else config.read_spec
    spec = one_line(read, path)
    if spec is not None and read is config.read_spec:
        assert 1 <= spec.refit_weeks < 10_000


def test_there_are_enough_of_them(request):
    # Counted as collected: the tests may run in several processes. Each reads a file.
    mine = [item for item in request.session.items if item.path == request.path]
    assert len(mine) - 1 >= 100
