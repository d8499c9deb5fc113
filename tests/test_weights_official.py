"""The authors' files: read whatever they are wrapped in, described from their tensors, refused unless complete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from diffir_demo.model import ModelConfig
from diffir_demo.weights import inspect, load
from diffir_demo.weights.files import unwrap
from diffir_demo.weights.official import read_official, shortest_expansion

from . import official
from .weight_files import TINY, TINY_CLEAN, TINY_INPAINT, TINY_SR, assert_same, network, official_state, refusal, saved


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("config", [TINY, TINY_INPAINT, TINY_SR, TINY_CLEAN], ids=["deblur", "inpaint", "sr", "clean"])
def test_basicsr_file(tmp_path: Path, config: ModelConfig, stage: int) -> None:
    loaded = load(saved(tmp_path, {"params": official_state(config, stage)}), stage=stage)
    assert_same(loaded.model, network(config, stage))
    assert loaded.info.config == config and loaded.info.name == "weights"
    assert loaded.info.provenance == "official" and "official" in loaded.info.badge
    assert loaded.info.parameters == sum(parameter.numel() for parameter in loaded.model.parameters())


@pytest.mark.parametrize(
    ("config", "task"),
    [(TINY, "deblur"), (TINY_INPAINT, "inpaint"), (TINY_SR, "sr"), (TINY_CLEAN, "clean")],
    ids=lambda value: str(value)[:7],
)
def test_task_is_told_from_the_tensors(tmp_path: Path, config: ModelConfig, task: str) -> None:
    path = saved(tmp_path, official_state(config))
    assert inspect(path).task == task
    assert load(path, task=task).info == inspect(path)


def test_averaged_weights_are_preferred(tmp_path: Path) -> None:
    averaged = official_state()
    raw = {name: tensor if name.startswith("diffusion.") else tensor + 1 for name, tensor in averaged.items()}
    assert_same(load(saved(tmp_path, {"params": raw, "params_ema": averaged})).model, network())


def test_wrappings_come_off() -> None:
    state = {"G.a": torch.ones(1)}
    for wrapped in (state, {"module.G.a": torch.ones(1)}, {"params": {"module.G.a": torch.ones(1)}}):
        assert set(unwrap(wrapped)) == {"G.a"}
    beside = ("generatorS1.G.a", "generatorT.G.a", "discriminator.b", "val_evaluator.c", "test_evaluator.d", "loss_x.e")
    lightning = {"state_dict": {"generator.G.a": torch.ones(1)} | dict.fromkeys(beside, torch.zeros(1))}
    assert unwrap(lightning) == {"G.a": torch.ones(1)}


def test_unknown_tensors_beside_a_lightning_generator_are_reported(tmp_path: Path) -> None:
    state = {f"generator.{name}": tensor for name, tensor in official_state().items()}
    path = saved(tmp_path, {"state_dict": state | {"surprise.weight": torch.ones(1)}})
    assert "it also holds surprise.weight" in refusal(path)


@pytest.mark.parametrize("stage", [1, 2])
def test_bare_state_dict_in_every_container(tmp_path: Path, stage: int) -> None:
    state = official_state(stage=stage)
    paths = [
        saved(tmp_path, state, "new.pth"),
        saved(tmp_path, state, "old.pt", _use_new_zipfile_serialization=False),
        tmp_path / "plain.safetensors",
    ]
    save_file({name: tensor.clone() for name, tensor in state.items()}, paths[-1])
    for path in paths:
        assert_same(load(path, stage=stage).model, network(stage=stage))


def test_either_copy_of_an_alias_is_enough() -> None:
    state = official_state()
    for prefix in (("condition.", "denoise."), ("diffusion.condition.", "diffusion.model.")):
        kept = {name: tensor for name, tensor in state.items() if not name.startswith(prefix)}
        assert len(kept) < len(state)
        assert read_official(kept)[:2] == (TINY, 2)


@pytest.mark.parametrize("name", ["diffusion.condition.mlp.0.weight", "diffusion.model.resmlp.0.bias"])
def test_copies_that_disagree_are_refused(tmp_path: Path, name: str) -> None:
    state = official_state()
    state[name] = state[name] + 1e-3
    assert "the two copies of" in refusal(saved(tmp_path, state))


@pytest.mark.parametrize("name", ["alphas_cumprod", "posterior_mean_coef1", "posterior_log_variance_clipped", "betas"])
def test_another_schedule_is_refused(tmp_path: Path, name: str) -> None:
    state = official_state()
    state[f"diffusion.{name}"] = state[f"diffusion.{name}"] * torch.tensor([1, 1.001, 1, 1])
    assert "contradicts the schedule" in refusal(saved(tmp_path, state))


def test_schedule_is_read_from_its_betas(tmp_path: Path) -> None:
    config = replace(TINY, timesteps=6, beta_start=0.05, beta_end=0.9)
    assert inspect(saved(tmp_path, official_state(config))).config == config
    halves = {name: tensor.half() for name, tensor in official_state(config).items()}
    assert inspect(saved(tmp_path, halves)).config == config


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s.pop("G.latent.1.attn.qkv.weight"), "it lacks G.latent.1.attn.qkv.weight"),
        (lambda s: s.pop("diffusion.betas"), "lacks diffusion.betas"),
        (lambda s: s.pop("G.latent.0.attn.temperature"), "lacks G.latent.0.attn.temperature"),
        (lambda s: s.update({"G.extra.weight": torch.ones(2)}), "it also holds G.extra.weight"),
        (lambda s: s.update({"diffusion.extra": torch.ones(2)}), "diffusion.extra is no part"),
        (lambda s: s.update({"G.output.weight": torch.ones(3, 5, 3, 3)}), "(3, 5, 3, 3) instead of (3, 16, 3, 3)"),
        (lambda s: s.update({"G.patch_embed.proj.weight": torch.ones(8, 5, 3, 3)}), "5 channels"),
        (lambda s: s.update({"G.patch_embed.proj.weight": torch.ones(8)}), "4 dimensions were expected"),
        (lambda s: s.update({"condition.E.0.weight": torch.ones(4, 7, 3, 3)}), "the two copies"),
        (lambda s: s.update({"G.latent.0.ffn.project_out.weight": torch.ones(64, 5, 1, 1)}), "no common expansion"),
        (lambda s: s.update({"G.reduce_chan_level2.weight": torch.full((16, 32, 1, 1), torch.nan)}), "NaN"),
        (lambda s: s.update({"G.reduce_chan_level2.weight": torch.ones(16, 32, 1, 1).int()}), "no array of decimal"),
    ],
)
def test_anything_but_exactly_one_network_is_refused(tmp_path: Path, change: Any, says: str) -> None:
    state = official_state()
    change(state)
    assert says in refusal(saved(tmp_path, state))


def test_long_complaints_name_three_tensors(tmp_path: Path) -> None:
    state = official_state() | {f"G.extra{i}.weight": torch.ones(1) for i in range(7)}
    text = refusal(saved(tmp_path, state))
    assert "G.extra0.weight, G.extra1.weight, G.extra2.weight and 4 more" in text


def test_names_in_a_file_cannot_spoil_the_message(tmp_path: Path) -> None:
    hostile = "<script>\n" + "x" * 10_000
    for content in ({hostile: torch.ones(1)}, {hostile: 1}, official_state() | {hostile: torch.ones(1)}):
        text = refusal(saved(tmp_path, content))
        assert len(text) < 500 and "<" not in text and "?script?" in text


official_configs = st.builds(
    lambda width, heads, sr, **rest: replace(TINY, width=width, heads=heads, **sr, **rest),
    width=st.sampled_from([8, 12, 20]),
    heads=st.sampled_from([(1, 1, 1, 1), (1, 2, 4, 8), (2, 2, 4, 4)]),
    blocks=st.tuples(*[st.integers(1, 3)] * 4),
    refinement_blocks=st.integers(0, 2),
    ffn_expansion=st.sampled_from([1.5, 1.8, 2.0, 2.2, 2.66]),
    norm=st.sampled_from(["with_bias", "bias_free"]),
    prior_width=st.integers(2, 6),
    prior_blocks=st.integers(0, 3),
    ipr_length=st.integers(4, 9),
    sr=st.sampled_from(
        [
            {},
            {"in_channels": 4, "base": "none"},
            *({"head": "upsampler", "head_scale": 4, "stem_fold": fold, "prior_fold": fold} for fold in (1, 2, 4)),
        ]
    ),
)
diffusions = st.fixed_dictionaries(
    {
        "denoiser_blocks": st.integers(0, 2),
        "timesteps": st.integers(2, 8),
        "beta_start": st.sampled_from([0.02, 0.1, 0.125]),
        "beta_end": st.sampled_from([0.5, 0.99, 0.999]),
    }
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(official_configs, diffusions)
def test_any_official_network_is_read_back(config: ModelConfig, diffusion: dict[str, Any]) -> None:
    assert read_official(official_state(config, stage=1))[:2] == (config, 1)
    config = replace(config, **diffusion)
    model = network(config)
    found_config, stage, state = read_official(official.as_official(model.state_dict(), config, 2))
    assert (found_config, stage) == (config, 2)
    torch.testing.assert_close(state, dict(model.state_dict()), rtol=0, atol=0)


@settings(deadline=None, derandomize=True)
@example(255, 45)  # 360 * 2.55 is a whole number, and a little less as floats
@given(st.integers(10, 400), st.integers(4, 96))
def test_shortest_expansion_explains_every_level(hundredths: int, width: int) -> None:
    true = hundredths / 100
    widths = [(width * 2**level, int(width * 2**level * true)) for level in range(4)]
    found = shortest_expansion(widths)
    assert [int(channels * found) for channels, _ in widths] == [hidden for _, hidden in widths]
    assert len(str(found)) <= len(str(true))
