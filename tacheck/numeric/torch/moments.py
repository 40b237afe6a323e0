"""The moment algebra of `numeric/moments.py` on torch tensors: many items at once, feature-major, block by block of tokens.

    moment    sum over tokens of u phi(x)^T                                   (items, m, r)
    values    C phi(x)                                                        (items, m, b)
    slopes    d/dx_c u . C phi(x)                                             (items, d, b)

Features are of the type that is computed in; moments are summed in double precision over blocks.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ..features import Features, features

ROOM = {"cpu": 1 << 22, "cuda": 1 << 27}                             # bytes of a block of features
BLOCKS = {"cpu": (64, 4096), "cuda": (64, 1 << 16)}                  # its tokens, at least and at most


@dataclass(frozen=True)
class Tables:
    """The monomials of degree <= g in d variables, and what differentiates them, on one device."""
    features: Features
    shifts: Tensor                                                   # (d below,): where x_c x^be is
    slopes: Tensor                                                   # (d, below): be_c + 1

    @property
    def rank(self) -> int: return self.features.rank

    @property
    def below(self) -> int: return self.features.below


@lru_cache(maxsize=32)
def tables(d: int, g: int, device: torch.device) -> Tables:
    """`Tables` of `features(d, g)`, kept."""
    f = features(d, g)
    return Tables(f, torch.from_numpy(f.shifts.reshape(-1)).to(device), torch.from_numpy(f.slopes).to(device))


@dataclass(frozen=True)
class Slot:
    """The points and values of one set of tokens of some items; positions that `keep` leaves out count as zeros."""
    points: Tensor                                                   # (items, n, d)
    stretch: Tensor                                                  # (items, d) multiplies the points
    values: Tensor | None = None                                     # (items, n, dv); the columns u are [1, values]
    keep: Tensor | None = None                                       # (items, n): True takes part

    @property
    def tokens(self) -> int: return self.points.shape[1]

    def part(self, at: slice) -> Slot:
        """Some of the items."""
        values, keep = (None if a is None else a[at] for a in (self.values, self.keep))
        return Slot(self.points[at], self.stretch[at], values, keep)


def split(t: Tables, m: int, tokens: int, kind: torch.dtype, device: torch.device) -> tuple[int, int]:
    """How many items, and how many tokens of each, make a block."""
    room, (least, most) = ROOM[device.type], BLOCKS[device.type]
    fit = max(1, room // ((t.rank + t.features.d * m) * kind.itemsize))
    size = min(max(1 << fit.bit_length() - 1, least), most, max(1, tokens))
    return max(1, fit // size), size


class Blocks:
    """The workspace of one block: `items` items, `size` tokens of each, m columns.  What its methods give may be views of it."""

    def __init__(self, t: Tables, items: int, size: int, m: int, kind: torch.dtype, device: torch.device):
        self.t, self.items, self.size, self.m, self.kind = t, items, size, m, kind
        self._F, self._x, self._u = (torch.empty(items, rows, size, dtype=kind, device=device)
                                     for rows in (t.rank, t.features.d, m))
        self._products = self._cut(self._x, self._F)

    def ranges(self, tokens: int) -> Iterator[slice]:
        """The blocks of that many tokens."""
        for lo in range(0, tokens, self.size): yield slice(lo, min(lo + self.size, tokens))

    def fill(self, slot: Slot, at: slice) -> Tensor:
        """phi(x), (items, r, b), of the slot's tokens."""
        x, F = (a[:len(slot.points), :, :at.stop - at.start] for a in (self._x, self._F))
        x.copy_(slot.points[:, at].mT)
        x *= slot.stretch[:, :, None].to(self.kind)
        if slot.keep is not None: x.masked_fill_(~slot.keep[:, None, at], 0)
        F[:, 0] = 1
        if self.t.rank > 1: F[:, 1:1 + self.t.features.d] = x
        for a, b, product in self._products if F.shape == self._F.shape else self._cut(x, F): torch.mul(a, b, out=product)
        return F

    def _cut(self, x: Tensor, F: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Pairs of views, and where their products go: cutting them takes longer than multiplying a short block."""
        return [(F[:, source:source + last - first], x[:, c:c + 1], F[:, first:last])
                for c, first, last, source in self.t.features.plan[self.t.features.d:]]

    def columns(self, slot: Slot, at: slice) -> Tensor:
        """u (items, m, b) of the slot's tokens: a row of ones, and the values."""
        assert slot.values is not None
        u = self._u[:len(slot.points), :, :at.stop - at.start]
        u[:, 0] = 1
        u[:, 1:] = slot.values[:, at].mT
        return u if slot.keep is None else u.masked_fill_(~slot.keep[:, None, at], 0)

    def moment(self, slot: Slot) -> Tensor:
        """The moment (items, m, r) of all of the slot's tokens, in double precision."""
        found = slot.points.new_zeros(len(slot.points), self.m, self.t.rank, dtype=torch.float64)
        for at in self.ranges(slot.tokens): found += gather(self.columns(slot, at), self.fill(slot, at))
        return found

    def shifted(self, C: Tensor) -> Tensor:
        """What `slopes` takes of the coefficients C (items, m, r): (items, d m, below)."""
        found = C.index_select(2, self.t.shifts).reshape(*C.shape[:2], self.t.features.d, self.t.below) * self.t.slopes
        return found.transpose(1, 2).flatten(1, 2).to(self.kind)

    def slopes(self, shifted: Tensor, F: Tensor, u: Tensor) -> Tensor:
        """The slopes (items, d, b) of u . C phi(x) in the stretched points."""
        each = torch.bmm(shifted, F[:, :self.t.below])
        return (each.reshape(len(each), self.t.features.d, self.m, -1) * u[:, None]).sum(2)


def gather(u: Tensor, F: Tensor) -> Tensor:
    """u phi(x)^T, (items, m, r)."""
    return torch.bmm(u, F.mT)
