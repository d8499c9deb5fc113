"""Weight files that describe more than they hold: refused at once, in one sentence, whatever they claim."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as serialize

from diffir_demo.errors import WeightsError
from diffir_demo.model import ModelConfig
from diffir_demo.model.config import CHOICES, RANGES
from diffir_demo.shipped import shipped
from diffir_demo.ui import state
from diffir_demo.ui.state import bytes_of
from diffir_demo.weights import inspect, save
from diffir_demo.weights.official import official_names
from diffir_demo.weights.store import FORMAT, expected_shapes, require_plain
from tests.tiny import engine

from .weight_files import TINY, network, official_state, refusal, saved

SECONDS = 20.0
"""Time that a refusal may take on a busy machine; none of these files would otherwise end before minutes."""


def described(folder: Path, config: Any, right: bool = False, **others: str) -> Path:
    """One of our files whose config is `config`: JSON, or what becomes it. right: with the tensors of `TINY`."""
    tensors = dict(network().state_dict()) if right else {"a": torch.zeros(1)}
    text = config if isinstance(config, str) else json.dumps(config)
    facts = {"format": FORMAT, "task": "deblur", "stage": "2", "provenance": "trained", "name": "x", "training": "{}"}
    path = folder / "weights.safetensors"
    path.write_bytes(serialize({k: t.clone() for k, t in tensors.items()}, facts | {"config": text} | others))
    return path


def quick_refusal(path: Path) -> str:
    began = time.perf_counter()
    text = refusal(path)
    assert time.perf_counter() - began < SECONDS
    return text


@pytest.mark.parametrize(
    "change",
    [
        *({"stem_fold": 0}, {"heads": [0, 1, 1, 1]}, {"heads": [1]}, {"prior_fold": 0}, {"resample_kernel": 2}),
        *({"width": value} for value in ("32", -32, 0, 32.5, 10**18, 10**4000, {}, True, None)),
        *({"ffn_expansion": value} for value in (1e300, "2", float("nan"), 0)),
        *({"blocks": value} for value in ([1], "1111", [-1, 1, 1, 1], [20_000, 2, 2, 2], [10**6] * 4)),
        *({"denoiser_blocks": 10**6}, {"prior_blocks": 10**6}, {"ipr_length": -5}, {"in_channels": 5}),
        *({"norm": "zzz"}, {"head": ["conv"]}, {"base": 3}, {"prior_padding": ""}, {"shrinkage": 1}, {"zz": 1}),
        *({"timesteps": value} for value in (10**9, 10**5, -1, "4")),
        *({"beta_start": value} for value in ("x", float("nan"), 0.0, -1.0)),
        *({"beta_end": value} for value in (5.0, 1.0, float("inf"))),
        {"head_scale": 2_000_000, "stem_fold": 2},
    ],
    ids=lambda change: str(change)[:40],
)
def test_configs_that_no_network_has(tmp_path: Path, change: dict[str, Any]) -> None:
    """With the tensors of a sound network beside it: the config alone decides."""
    text = quick_refusal(described(tmp_path, TINY.to_dict() | change, right=True))
    assert "describes a network that cannot be" in text and len(text) < 250


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "null", "[]", "5", '"x"'])
def test_descriptions_that_are_no_description(tmp_path: Path, text: str) -> None:
    quick_refusal(described(tmp_path, text))
    sound = json.dumps(TINY.to_dict())
    assert "damaged" in quick_refusal(described(tmp_path, sound, right=True, training=text))


def test_a_description_has_an_end(tmp_path: Path) -> None:
    long = json.dumps({"data": "x" * (1 << 20)})
    assert "longer than any network needs" in quick_refusal(
        described(tmp_path, TINY.to_dict(), right=True, training=long)
    )


@pytest.mark.parametrize("steps", [10**3999, -5, True, "many"])
def test_a_badge_stays_short(tmp_path: Path, steps: object) -> None:
    path = described(tmp_path, TINY.to_dict(), right=True, training=json.dumps({"steps": steps}))
    assert inspect(path).badge == "trained, as the file says"


def test_only_what_ships_is_called_trained_here(tmp_path: Path) -> None:
    """A file may say of itself what it likes, and have any name."""
    name = "compact-deblur.safetensors"
    ours = inspect(shipped("checkpoints") / name)
    assert ours.is_shipped and ours.badge.startswith("trained here, ")
    path = described(tmp_path, TINY.to_dict(), right=True, training=json.dumps({"steps": 5}))
    named = path.rename(path.with_name(name))
    assert inspect(named).badge == "trained, as the file says, 5 steps"


def repeated(width: int) -> dict[str, torch.Tensor]:
    """A network of that width in the authors' names, every number of it the same stored one."""
    config = ModelConfig(width=width)
    shapes, one = expected_shapes(config, 2), torch.full((1,), 0.001)
    return {theirs: one.expand(shapes[ours]) for theirs, ours in official_names(config, 2).items()}


@pytest.mark.parametrize("width", [48, 192])
def test_one_number_is_not_a_network(tmp_path: Path, width: int) -> None:
    """192 would be 1.2 GB in a file of 66 KB."""
    path = saved(tmp_path, {"params": repeated(width)})
    assert path.stat().st_size < 200_000
    assert "is no array of decimal numbers" in quick_refusal(path)


def test_many_names_are_not_many_numbers(tmp_path: Path) -> None:
    """Whole arrays, but a hundred times the same."""
    numbers = torch.zeros(100_000)
    path = saved(tmp_path, {"params": {"G.patch_embed.proj.weight": numbers} | {f"G.{i}": numbers for i in range(99)}})
    assert "describes more numbers than it holds" in quick_refusal(path)


def test_aliases_are_twice_the_same_numbers(tmp_path: Path) -> None:
    """The authors' stage-2 files name the condition encoder and the denoiser twice, and are fine."""
    assert inspect(saved(tmp_path, {"params": official_state()})).stage == 2


def test_the_number_of_parameters_has_an_end() -> None:
    require_plain({"a": torch.empty(1)}, size=4)
    with pytest.raises(WeightsError, match="200 million is the most"):
        require_plain({"a": torch.empty(200_000_001, dtype=torch.float16)}, size=10**9)


def test_other_number_formats_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {"params": {"G.patch_embed.proj.weight": torch.zeros(3).to(torch.float8_e5m2)}})
    assert "is no array of decimal numbers" in quick_refusal(path)


def test_a_pickle_does_not_unfold(tmp_path: Path) -> None:
    """300 MB of zeros in a zip of 300 KB."""
    data, path = io.BytesIO(), tmp_path / "weights.pth"
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/data.pkl", b"\x80\x02}." + bytes(300_000_000))
        file.writestr("a/version", b"3\n")
    path.write_bytes(data.getvalue())
    assert "describes more numbers than it holds" in quick_refusal(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
sound_values = {name: st.integers(*bounds) for name, bounds in RANGES.items() if name not in ("blocks", "heads")}
sound_values |= {name: st.sampled_from(values) for name, values in CHOICES.items()}
sound_values |= {name: st.lists(st.integers(0, 3), min_size=4, max_size=4) for name in ("blocks", "heads")}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_config_is_a_network_or_a_sentence(data: st.DataObject) -> None:
    """Nothing else, and soon: what passes can be laid out, in both stages, within a second or so."""
    fields = ModelConfig().to_dict()
    for name in data.draw(st.sets(st.sampled_from(sorted(fields)), max_size=4)):
        fields[name] = data.draw(sound_values.get(name, json_values) | json_values, label=name)
    try:
        config = ModelConfig.from_dict(fields)
    except ValueError as error:
        assert len(str(error)) < 200
        return
    began = time.perf_counter()
    for stage in (1, 2):
        assert expected_shapes(config, stage)
    assert time.perf_counter() - began < 4 * SECONDS


def test_networks_are_kept_by_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = engine("deblur")
    size = bytes_of(first)
    assert size == sum(4 * each.numel() for each in first.diffir.parameters())
    monkeypatch.setattr(state, "KEPT", 5 * size // 2)
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    app = state.AppState("cpu", "fp32")
    paths = [tmp_path / f"{number}.safetensors" for number in range(3)]
    for path in paths:
        save(path, first.diffir, task="deblur", provenance="untrained", name="x")
        app.model(first.task, str(path))
    assert [app.is_loaded(first.task, str(path)) for path in paths] == [False, True, True]
