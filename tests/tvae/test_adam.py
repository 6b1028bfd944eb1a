"""The optimiser takes the steps of torch's own, and goes on from what it kept."""

from __future__ import annotations

import copy

import numpy as np


def test_it_steps_as_torchs_own_does_and_goes_on_from_its_state(deep):
    import torch

    from workbench.tvae.adam import AdamW

    torch.manual_seed(3)
    own = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.ELU(), torch.nn.Linear(7, 2))
    theirs, again = copy.deepcopy(own), copy.deepcopy(own)
    ours = AdamW(own, decay=0.01)
    known = torch.optim.AdamW(theirs.parameters(), lr=1.0, weight_decay=0.01)
    resumed = AdamW(again, decay=0.01)
    rows = np.random.default_rng(0).standard_normal((40, 5, 8)).astype(np.float32)

    def loss(network: torch.nn.Module, number: int) -> torch.Tensor:
        return (network(torch.from_numpy(rows[number].T)) - 1.0).pow(2).mean()

    for number, rate in enumerate(np.linspace(0.02, 0.001, 40)):
        ours.step(loss(own, number), float(rate))
        known.param_groups[0]["lr"] = float(rate)
        known.zero_grad()
        loss(theirs, number).backward()
        known.step()
        if number == 20:
            again.load_state_dict(own.state_dict())
            resumed.restore(*ours.state())
        elif number > 20:
            resumed.step(loss(again, number), float(rate))
    for mine, other, later in zip(own.parameters(), theirs.parameters(), again.parameters(), strict=True):
        np.testing.assert_allclose(mine.detach(), other.detach(), rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(mine.detach(), later.detach())
