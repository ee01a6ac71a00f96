import pytest
import torch
from torch import nn

from styleshot_demo.errors import Problem
from styleshot_demo.runtime import placement
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.settings import PLACEMENTS, Settings

CPU = torch.device("cpu")
# Numbers of the published model's parts.
FULL = {
    "unet": 859_520_964,
    "vae": 83_653_863,
    "text_encoder": 123_060_480,
    "style_encoder": 767_800_000,
    "adapter": 24_000_000,
    "controlnet": 361_300_000,
}
GB = 10**9


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.second = nn.Conv2d(4, 8, 3)
        self.norm = nn.GroupNorm(2, 8)
        self.last = nn.Linear(8, 5)
        self.free = nn.Parameter(torch.ones(5))
        self.register_buffer("places", torch.arange(5))

    def forward(self, x):
        x = self.norm(self.second(self.first(x)).relu()).mean((2, 3))
        return self.last(x) * self.free + self.places


@pytest.fixture
def half():
    torch.manual_seed(0)
    return Net().half().eval().requires_grad_(False)


def same_in_single(net):
    copy = Net().eval()
    copy.load_state_dict({name: value.float() for name, value in net.state_dict().items()})
    return copy


def test_parked_layers_compute_what_the_whole_would(half):
    x = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    expected = same_in_single(half)(x)
    offloaded = placement.offload_layers(half, CPU, torch.float32)
    for _ in range(2):
        assert torch.equal(offloaded(x), expected)
    assert offloaded.second.weight.dtype == offloaded.last.bias.dtype == torch.float16
    assert offloaded.norm.weight.dtype == offloaded.free.dtype == torch.float32
    assert offloaded.places.dtype == torch.int64


def test_a_parked_model_has_the_dtype_it_computes_in():
    net = placement.offload_layers(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)).half(), CPU, torch.float32)
    assert [parameter.dtype for parameter in net.parameters()] == [torch.float32] * 2 + [torch.float16] * 2
    assert net(torch.zeros(1, 2)).dtype == torch.float32


def test_parked_weights_stay_where_they_are(half):
    place = half.last.weight.data_ptr()
    offloaded = placement.offload_layers(half, CPU, torch.float32)
    offloaded(torch.zeros(1, 3, 9, 9))
    assert offloaded.last.weight.data_ptr() == place


def test_a_layer_that_fails_sends_its_weights_home(half):
    offloaded = placement.offload_layers(half, CPU, torch.float32)
    with pytest.raises(RuntimeError):
        offloaded.last(torch.zeros(1, 7))
    assert offloaded.last.weight.dtype == torch.float16


def test_eight_bits_are_close(half):
    half.last.weight.mul_(1e-4)  # below what float8 can tell from zero without a scale
    x = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    half.places.zero_()
    expected = same_in_single(half)(x)
    weight = half.last.weight.float()
    offloaded = placement.offload_layers(half, CPU, torch.float32, eight_bits=True)
    assert offloaded.last.weight.dtype == torch.float8_e4m3fn and offloaded.last.bias.dtype == torch.float16
    found = offloaded(x)
    assert torch.allclose(found, expected, atol=0.05)
    seen = []
    offloaded.last.register_forward_hook(lambda layer, inputs, output: seen.append(layer.weight.clone()), prepend=True)
    offloaded(x)
    # The rounding of three bits after the leading one, and what lies below the smallest number.
    assert torch.allclose(seen[0], weight, rtol=2**-4, atol=float(weight.abs().max()) / 448 / 512)


def test_weights_go_home_after_the_block(half):
    x = torch.randn(1, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    expected = same_in_single(half)(x)
    home = {name: value.data_ptr() for name, value in half.state_dict().items()}
    with placement.on_device([half], Placement("offload", "cpu", "float32")) as onload:
        assert torch.equal(half(x), expected)
        onload.end()
        assert half.last.weight.dtype == torch.float16
    assert {name: value.data_ptr() for name, value in half.state_dict().items()} == home
    with pytest.raises(KeyError), placement.on_device([half], Placement("offload", "cpu", "float32")):
        raise KeyError
    assert half.last.weight.dtype == torch.float16


@pytest.mark.parametrize(
    ("device", "free", "tier"),
    [
        ("cpu", 24, "resident"),
        ("cpu", 6, "minimal"),
        ("cuda", 24, "resident"),
        ("cuda", 3.5, "offload"),
        ("cuda:1", 2, "minimal"),
        ("mps", 16, "resident"),
        ("mps", 2, "minimal"),
    ],
)
def test_the_tier_follows_the_free_memory(device, free, tier):
    dtype = "float32" if device == "cpu" else "float16"
    found = placement.choose("auto", device, dtype, int(free * GB), FULL, 512 * 512)
    assert (found.tier, found.device, found.dtype) == (tier, device, dtype)


@pytest.mark.parametrize("tier", PLACEMENTS)
def test_a_person_may_choose(tier):
    assert placement.choose(tier, "cuda", "float16", 1, FULL, 512 * 512).tier == tier


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_lower_tiers_need_less(device):
    start = Placement("resident", device, "float32" if device == "cpu" else "float16")
    tiers = [start]
    while tiers[-1].lower() != tiers[-1]:
        tiers.append(tiers[-1].lower())
    assert [one.tier for one in tiers] == [tier for tier in PLACEMENTS if device == "cuda" or tier != "offload"]
    needs = [placement.needed(one, FULL, 512 * 512) for one in tiers]
    assert needs == sorted(needs, reverse=True) and len(set(needs)) == len(needs)


def test_more_pixels_need_more():
    for tier in PLACEMENTS:
        one = Placement(tier, "cuda", "float16")
        assert placement.needed(one, FULL, 1024 * 1024) > placement.needed(one, FULL, 512 * 512)


def test_nothing_is_parked_where_the_device_is_lent_for_a_moment():
    lent = Placement("resident", "cuda", "float16", offloading=False)
    assert {lent.form(part) for part in FULL} == {"resident"}
    assert Placement("resident", "cuda", "float16").form("style_encoder") == "sequential_offload"
    assert Placement("minimal", "cuda", "float16").form("unet") == "sequential_offload_8bit"
    assert Placement("minimal", "cpu", "float32").form("unet") == "sequential_offload"
    assert Placement("offload", "cuda", "float16").form("controlnet") == "model_offload"


def test_the_environment_names_a_tier():
    assert Settings.from_environment({}).placement == "auto"
    assert Settings.from_environment({"STYLESHOT_PLACEMENT": " Minimal "}).placement == "minimal"
    with pytest.raises(Problem) as caught:
        Settings.from_environment({"STYLESHOT_PLACEMENT": "gpu"})
    assert caught.value.key == "bad_setting" and "resident, offload or minimal" in caught.value.todo
