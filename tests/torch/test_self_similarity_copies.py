"""The loss beside copies of its model, saved, and resumed."""

from __future__ import annotations

import copy
import io
import pickle

import pytest

from layerscope.errors import InvalidInputError, InvalidTypeError

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from layerscope.torch import SelfSimilarityLoss, self_similarity  # noqa: E402
from tests.torch._units import layer  # noqa: E402


def network() -> object:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(8, 24), torch.nn.Tanh(), torch.nn.Linear(24, 16), torch.nn.Linear(16, 4)
    )


def inputs(seed: int = 1) -> object:
    return torch.randn(16, 8, generator=torch.Generator().manual_seed(seed))


def plain(model: object, seed: int = 1) -> float:
    """The value of the third module, which no hook hears."""
    with torch.no_grad():
        return float(self_similarity(model[:3](inputs(seed))))


def saved(model: object) -> object:
    """The object as a file gives it back."""
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES = {
    "deepcopy": copy.deepcopy,
    "averaged": torch.optim.swa_utils.AveragedModel,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "torch.save": saved,
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("given", ["paths", "modules"])
@pytest.mark.parametrize("first", ["model", "copy"])
def test_a_copy_of_the_model_says_nothing(how, given, first):
    model = network()
    if given == "paths":
        loss = SelfSimilarityLoss(0.1, weight=1.0, layers=["2"], draw="all").attach(model)
    else:
        loss = SelfSimilarityLoss(0.1, weight=1.0, layers=[model[2]], draw="all")
    model(inputs())  # what was heard is part of a graph, and no copy may want it
    twin = COPIES[how](model)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.mul_(3.0)
    for called in (model, twin) if first == "model" else (twin, model):
        called(inputs())
    term = loss()
    expected, other = (plain(net) for net in (model, getattr(twin, "module", twin)))
    assert expected != pytest.approx(other, rel=1e-3)
    assert list(loss.value.values()) == [pytest.approx(expected, rel=1e-6)]
    term.backward()
    assert float(model[2].weight.grad.abs().max()) > 0
    assert all(parameter.grad is None for parameter in twin.parameters())
    twin(inputs())
    with pytest.raises(InvalidInputError, match="must be given, or the loss listen"):
        loss()


@pytest.mark.parametrize("how", ["deepcopy", "pickle", "torch.save"])
def test_a_copy_of_the_loss_is_detached_and_goes_on_alike(how):
    model = network()
    loss = SelfSimilarityLoss(
        {"0": 0.1, "2": 0.2}, scale="rms", weight=1.0, layers=["0", "2"], gate=True
    ).attach(model)
    for _ in range(3):
        model(inputs())
        loss()
    model(inputs())
    twin = COPIES[how](loss)
    with pytest.raises(InvalidInputError, match="must be given, or the loss listen"):
        twin()
    other = copy.deepcopy(model)
    twin.attach(other)
    terms = []
    for one, net in ((loss, model), (twin, other)):
        drawn = []
        for step in range(12):
            if step % 6 == 0:
                one.epoch_end()
            one.value.clear()
            net(inputs())
            drawn.append((float(one().detach()), dict(one.value)))
        terms.append(drawn)
    assert terms[0] == terms[1]
    assert max(term for term, _ in terms[0]) > 0
    assert {name for _, value in terms[0] for name in value} == {"0", "2"}


def start(seed: int) -> tuple:
    model = network()
    loss = SelfSimilarityLoss(0.05, weight=1.0, layers=["0", "2"], gate=True, random_state=seed)
    return model, loss.attach(model), torch.optim.SGD(model.parameters(), 1e-3)


def train(run: tuple, steps: range) -> list:
    """Four steps an epoch, so that a run can stop within one."""
    model, loss, optimizer = run
    values = []
    for step in steps:
        optimizer.zero_grad()
        loss.value.clear()
        term = model(inputs(step % 4)).square().mean() + loss()
        term.backward()
        optimizer.step()
        values.append((float(term.detach()), dict(loss.value)))
        if step % 4 == 3:
            loss.epoch_end()
    return values


@pytest.mark.parametrize("stop", [3, 10, 20, 24])
def test_a_resumed_run_is_one_that_was_never_stopped(stop):
    whole = train(start(7), range(48))
    first = start(7)
    values = train(first, range(stop))
    file = io.BytesIO()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    second = start(0)
    for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    assert values + train(second, range(stop, 48)) == whole
    # It is a check: without the loss's state the run is another.
    third = start(0)
    for part, state in zip(third, [p.state_dict() for p in first], strict=True):
        if part is not third[1]:
            part.load_state_dict(state)
    assert values + train(third, range(stop, 48)) != whole


@pytest.mark.parametrize("state", [None, {}, {"epoch": 1, "old": {}, "seen": {}, "draws": 3}])
def test_a_state_of_something_else_is_named_and_changes_nothing(state):
    loss = SelfSimilarityLoss(0.1, gate=True)
    loss(layer())
    loss.epoch_end()
    before = loss.get_extra_state()
    with pytest.raises(InvalidInputError, match="state must be what get_extra_state"):
        loss.set_extra_state(state)
    after = loss.get_extra_state()
    assert torch.equal(before.pop("draws"), after.pop("draws"))
    assert before == after


def test_the_loss_says_its_settings():
    model = network()
    loss = SelfSimilarityLoss(0.3, form="printed", layers=["0", "2"], draw="all", random_state=5)
    assert repr(loss.attach(model)) == (
        "SelfSimilarityLoss(target=0.3, form='printed', scale=None, weight=0.0001, "
        "layers=['0', '2'], draw='all', gate=False, random_state=5, listening_to=['0', '2'])"
    )
    loss.detach()
    assert repr(loss).endswith("listening_to=[])")
    alone = SelfSimilarityLoss(0.3, layers=model[0])
    assert repr(alone).endswith("listening_to=['layer 0'])")


def test_maps_and_tokens_are_told_what_to_do():
    with pytest.raises(InvalidInputError, match=r"average maps first, features.mean\(\(2, 3\)\)"):
        self_similarity(torch.ones(4, 5, 3, 3))
    with pytest.raises(InvalidInputError, match=r"average tokens first.*SelfSimilarityLoss"):
        self_similarity(torch.ones(4, 5, 3))


@pytest.mark.parametrize("shape", [(4,), (4, 5, 2, 3, 3), (4, 0, 5)])
def test_other_shapes_are_told_by_the_loss(shape):
    rule = r"must have 2 axes \(samples, units\), 3 .* or 4 .* none of them empty; got shape"
    with pytest.raises(InvalidInputError, match="features " + rule):
        SelfSimilarityLoss(0.1)(torch.ones(shape))
    model = torch.nn.Sequential(torch.nn.Identity())
    SelfSimilarityLoss(0.1, layers=["0"]).attach(model)
    with pytest.raises(InvalidInputError, match="layer '0': features " + rule):
        model(torch.ones(shape))


def test_whole_numbers_are_refused_by_the_loss():
    with pytest.raises(InvalidTypeError, match=r"must be a tensor of floats; got torch\.int64"):
        SelfSimilarityLoss(0.1)(torch.ones(4, 5, 3, dtype=torch.int64))


def test_a_compiled_model_is_heard():
    model = network()
    loss = SelfSimilarityLoss(0.1, weight=1.0, layers=["2"]).attach(model)
    compiled = torch.compile(model, backend="eager")
    for seed in (1, 2):
        compiled(inputs(seed))
        loss().backward()
        assert loss.value == {"2": pytest.approx(plain(model, seed), rel=1e-6)}
    assert float(model[2].weight.grad.abs().max()) > 0


def test_a_copy_made_of_modules_is_not_attached_to_other_layers():
    model = network()
    loss = SelfSimilarityLoss(0.3, layers=[model[1]])
    model_too, loss_too = copy.deepcopy((model, loss))
    with pytest.raises(InvalidInputError, match="layers must be names to attach by"):
        loss_too.attach(model_too)
