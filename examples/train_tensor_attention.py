"""One layer of tensor attention learns a task of triples that one layer of matrix attention of its size does not: Match3.

    python examples/train_tensor_attention.py [--quick] [--steps 150] [--error 1e-3] [--seed 1] [--plot match3.svg]

The task (arXiv 2306.02896, in the form with three sequences): given a_1, ..., a_n, b_1, ..., b_k and c_1, ..., c_k in Z_M, say
for each i whether there are j and l with a_i + b_j + c_l = 0 mod M.  No pair of tokens says anything about it on its own.

The layer: tokens enter as cosines and sines of 2 pi f x / M, f = 1, ..., M // 2, and which set they are in, or blank (each key
set has one blank token); H heads of attention with trainable projections; a small perceptron reads their outputs.  Heads
begin near the construction of that paper, cos(x + y + z) as a sum of four products, and matrix attention near cos(x + y) for two
frequencies a head, so both begin with what they can say best.  Projections are kept so that scores stay within a limit: the
bounded entries that almost-linear time needs.

Three runs, with the same data: order 2 with the fast gradient, order 2 with the exact one from the same start, order 1.  At every
step of the first, the exact gradient is computed beside the fast one.  This is about what is learnt and how exact it is: with so
few tokens exact attention is the faster one.  NumPy alone, with its own Adam.
"""
import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from tacheck.numeric.door import attention, gradient

M, N, K, HEADS, D, DV, HIDDEN = 7, 8, 3, 3, 4, 2, 16                  # modulus, queries, keys of a set, and the layer
LIMIT, RATE, ROOM = 3.0, 0.02, 3000                                  # of scores; of Adam; features at most
F = M // 2
WIDTH = 2 * F + 3                                                    # of an embedded token
CONSTRUCTION = {"q": ("ccss", (1, -1, -1, -1)), "k1": ("cscs", (1, 1, 1, 1)), "k2": ("cssc", (1, 1, 1, 1))}
Arrays = dict[str, Any]


# ---- the task --------------------------------------------------------------------------------------------------------

def draw(random: np.random.Generator, items: int) -> tuple[list[Any], Any]:
    """The three sequences, and for each a_i whether there is a match (items, N)."""
    a, b, c = (random.integers(0, M, (items, size)) for size in (N, K, K))
    sums = (a[:, :, None, None] + b[:, None, :, None] + c[:, None, None, :]) % M
    return [a, b, c], (sums == 0).any(axis=(2, 3))


def embed(tokens: Any, member: int) -> Any:
    """(items, n, WIDTH): cosines, sines, and which set the tokens are in."""
    angles = 2 * math.pi / M * tokens[..., None] * np.arange(1, F + 1)
    return np.concatenate([np.cos(angles), np.sin(angles), np.broadcast_to(np.eye(3)[member], (*tokens.shape, 3))], axis=-1)


def inputs(sequences: list[Any], order: int) -> list[Any]:
    """Embedded queries, then each key set with its blank token; order 1 has one key set, of both sequences."""
    blank = np.broadcast_to(np.eye(WIDTH)[-1], (len(sequences[0]), 1, WIDTH))
    a, b, c = embed(sequences[0], 0), embed(sequences[1], 0), embed(sequences[2], 1)
    if order == 1: return [a, np.concatenate([b, c, blank], 1)]
    return [a, np.concatenate([b, blank], 1), np.concatenate([c, blank], 1)]


# ---- the layer -------------------------------------------------------------------------------------------------------

def start(order: int, seed: int) -> Arrays:
    """Near the construction, and random beside it."""
    random, sets = np.random.default_rng(seed), range(1, order + 1)
    names, p = ["q", *(f"k{s}" for s in sets)], dict[str, Any]()
    for name in names: p[name] = random.normal(0, 0.03 / math.sqrt(F), (WIDTH, HEADS, D))
    for s in sets:
        p[f"v{s}"] = random.normal(0, 0.1 / math.sqrt(F), (WIDTH, HEADS, DV))
        p[f"v{s}"][2 * F:2 * F + 2] += 1                             # 1 for tokens, 0 for the blank: how likely is a match?
    strength = 2 ** (1 / (order + 1))
    for h in range(HEADS):
        for t in range(D):
            if order == 2:
                for name, (rows, signs) in CONSTRUCTION.items():
                    p[name][h % F + F * (rows[t] == "s"), h, t] += signs[t] * strength
            else:
                row, sign = (h + t // 2) % F + F * (t % 2), 1 - 2 * (t % 2)
                p["q"][row, h, t] += sign * strength
                p["k1"][row, h, t] += strength
    size = HEADS * DV
    return p | {"w1": random.normal(0, 3 / math.sqrt(size), (size, HIDDEN)), "b1": np.zeros(HIDDEN),
                "w2": random.normal(0, 1 / math.sqrt(HIDDEN), HIDDEN), "b2": np.zeros(1)}


def limit(p: Arrays, order: int) -> None:
    """Scale each head's queries down where a triple of tokens, of all there are, has a score beyond LIMIT."""
    every = np.arange(M)[None]
    tokens = [embed(every, 0)[0], np.concatenate([embed(every, 0)[0], embed(every, 1)[0], np.eye(WIDTH)[-1:]])]
    points = [np.einsum("te,ehc->htc", tokens[min(i, 1)], p[name]) for i, name in enumerate(["q", "k1", "k2"][:order + 1])]
    scores = np.einsum("hac,hbc,hdc->habd", *points) if order == 2 else np.einsum("hac,hbc->hab", *points)
    p["q"] *= np.minimum(1, LIMIT / np.abs(scores).reshape(HEADS, -1).max(axis=1))[:, None]


def heads(x: Any, w: Any) -> Any:
    """(items, HEADS, n, columns)."""
    return np.ascontiguousarray(np.einsum("bte,ehc->bhtc", x, w))


@dataclass
class Step:
    """What a step found; `fast` and `exact` are gradients of attention in q, keys and values, where they were asked for."""
    loss: float
    logits: Any
    grads: Arrays
    fast: Any = None
    exact: Any = None
    bound: Any = None


def step(p: Arrays, x: list[Any], y: Any, weight: tuple[float, float], order: int, error: float | None, *, learn: bool = True,
         compare: bool = False, bound: bool = False) -> Step:
    """Loss and all gradients, by the fast path where there is an `error`; `compare`: the exact gradient of attention as well."""
    options: Arrays = {"scale": 1.0} | ({} if error is None else {"error": error, "method": "fast", "max_rank": ROOM})
    q, keys = heads(x[0], p["q"]), [heads(a, p[f"k{s}"]) for s, a in enumerate(x[1:], 1)]
    values = [heads(a, p[f"v{s}"]) for s, a in enumerate(x[1:], 1)]
    out = attention(q, keys, values, **options).transpose(0, 2, 1, 3)
    flat = out.reshape(*out.shape[:2], -1)
    hidden = np.tanh(flat @ p["w1"] + p["b1"])
    z = hidden @ p["w2"] + p["b2"]
    share = np.where(y, weight[1], weight[0]) / y.size
    loss = float((share * np.logaddexp(0, np.where(y, -z, z))).sum())
    if not learn: return Step(loss, z, {})

    dz = share * (1 / (1 + np.exp(-z)) - y)
    dh = dz[..., None] * p["w2"] * (1 - hidden**2)
    g: Arrays = {"w2": np.einsum("bn,bnk->k", dz, hidden), "b2": dz.sum()[None], "b1": dh.sum(axis=(0, 1)),
                 "w1": np.einsum("bni,bnk->ik", flat, dh)}
    upstream = np.ascontiguousarray((dh @ p["w1"].T).reshape(out.shape).transpose(0, 2, 1, 3))
    found = gradient(q, keys, values, upstream=upstream, return_bound=bound, **options)
    found, certified = found if bound else (found, None)
    g["q"] = np.einsum("bte,bhtc->ehc", x[0], found.q)
    for s, a in enumerate(x[1:]):
        g[f"k{s + 1}"] = np.einsum("bte,bhtc->ehc", a, found.keys[s])
        g[f"v{s + 1}"] = np.einsum("bte,bhtc->ehc", a, found.values[s])
    exact = gradient(q, keys, values, upstream=upstream, scale=1.0) if compare else None
    return Step(loss, z, g, found, exact, certified)


# ---- training --------------------------------------------------------------------------------------------------------

class Adam:
    """arXiv 1412.6980."""

    def __init__(self, p: Arrays):
        self.m, self.v = ({k: np.zeros_like(a) for k, a in p.items()} for _ in range(2))
        self.t = 0

    def move(self, p: Arrays, g: Arrays, rate: float) -> None:
        self.t += 1
        for k in p:
            self.m[k] += 0.1 * (g[k] - self.m[k])
            self.v[k] += 0.001 * (g[k] ** 2 - self.v[k])
            p[k] -= rate * self.m[k] / (1 - 0.9**self.t) / (np.sqrt(self.v[k] / (1 - 0.999**self.t)) + 1e-8)


@dataclass
class Run:
    """What a training run showed, step by step."""
    name: str
    losses: list[float]
    accuracy: float                                                  # on fresh data, mean over both classes: chance is 1/2
    seconds: float
    off: list[float]                                                 # the worst relative error of a gradient of attention
    share: list[float]                                               # the worst error of one, over its certified bound


def train(name: str, order: int, error: float | None, args: argparse.Namespace) -> Run:
    """A run; where there is an error, with the exact gradient beside the fast one."""
    data, p = np.random.default_rng(args.seed + 1), start(order, args.seed)
    limit(p, order)
    adam, test = Adam(p), draw(np.random.default_rng(0), args.test)
    losses, off, share = list[float](), list[float](), list[float]()
    rate = test[1].mean()
    weight, seconds = (0.5 / (1 - rate), 0.5 / rate), 0.0            # of a loss where there is no match, and where there is one
    for i in range(args.steps):
        sequences, y = draw(data, args.items)
        begin = perf_counter()
        found = step(p, inputs(sequences, order), y, weight, order, error, compare=error is not None,
                     bound=error is not None and i % args.every == 0)
        losses.append(found.loss)
        if found.exact is not None:
            pairs = list(zip(*((g.q, *g.keys, *g.values) for g in (found.fast, found.exact))))
            errors = [float(np.abs(a - b).max()) for a, b in pairs]
            off.append(max(e / float(np.abs(b).max()) for e, (_, b) in zip(errors, pairs)))
            if found.bound: share.append(max(e / found.bound.gradients[k] for e, k in zip(errors, found.bound.gradients)))
        adam.move(p, found.grads, RATE * min(1, 2 - 2 * i / args.steps))
        limit(p, order)
        seconds += perf_counter() - begin
        if i % 25 == 0: print(f"  {name}: step {i:4}, loss {found.loss:.4f}", flush=True)
    z = step(p, inputs(test[0], order), test[1], weight, order, error, learn=False).logits > 0
    right = [float((z == test[1])[test[1] == case].mean()) for case in (False, True)]
    return Run(name, losses, sum(right) / 2, seconds, off, share)


# ---- the plot --------------------------------------------------------------------------------------------------------

def panel(top: float, height: float, low: float, high: float, ticks: list[tuple[float, str]], title: str,
          lines: list[tuple[str, str, list[float]]]) -> list[str]:
    """One panel of curves over steps, as SVG: the ticks are heights with their labels."""
    def down(v: float) -> float: return top + height - (min(max(v, low), high) - low) / (high - low) * height
    out = [f'<text x="80" y="{top - 12}" font-size="16">{title}</text>']
    for v, label in ticks:
        out += [f'<line x1="80" x2="780" y1="{down(v):.1f}" y2="{down(v):.1f}" stroke="#dddddd"/>',
                f'<text x="72" y="{down(v) + 5:.1f}" text-anchor="end">{label}</text>']
    for k, (name, style, values) in enumerate(lines):
        key, below = 80 + 250 * k, top + height + 20
        points = " ".join(f"{80 + 700 * i / max(1, len(values) - 1):.1f},{down(v):.1f}" for i, v in enumerate(values))
        out += [f'<polyline points="{points}" fill="none" stroke-width="2" {style}/>',
                f'<line x1="{key}" x2="{key + 30}" y1="{below}" y2="{below}" stroke-width="3" {style}/>',
                f'<text x="{key + 36}" y="{below + 5}">{name}</text>']
    return out


def plot(path: Path, runs: list[Run], error: float) -> None:
    """Loss curves, means over five steps, and the gradient's error at each step of the first run."""
    styles = ('stroke="#0072B2"', 'stroke="#D55E00" stroke-dasharray="6 5"', 'stroke="#009E73"')
    losses = [(run.name, style, [float(np.mean(run.losses[max(0, i - 4):i + 1])) for i in range(len(run.losses))])
              for run, style in zip(runs, styles)]
    top = max(max(values) for _, _, values in losses)
    heights = [math.log10(max(x, 1e-17)) for x in runs[0].off]
    low, high = math.floor(min(heights)), math.ceil(math.log10(error)) + 1
    svg = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 640" width="800" height="640" '
           'font-family="sans-serif" font-size="14" fill="#222222">', "<title>Match3: tensor attention learns triples</title>",
           '<rect width="800" height="640" fill="#ffffff"/>']
    ticks = [(0, "0"), (math.log(2), "ln 2"), (top, f"{top:.2f}")]
    svg += panel(50, 240, 0, top, ticks, "loss (ln 2: says nothing), by step", losses)
    svg += panel(380, 200, low, high, [(e, f"1e{e}") for e in range(low, high + 1)],
                 "relative error of the fast gradient at each step, and the error asked for",
                 [("error", styles[0], heights), ("asked for", styles[1], [math.log10(error)] * 2)])
    path.write_text("\n".join([*svg, "</svg>"]) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Tensor attention learns Match3; matrix attention does not")
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it runs")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--items", type=int, help="sequences of a step")
    parser.add_argument("--error", type=float, default=1e-3, help="of the weights, on the fast path")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, default=Path("match3.svg"))
    args = parser.parse_args()
    args.steps, args.items = args.steps or (12 if args.quick else 150), args.items or (6 if args.quick else 24)
    args.test, args.every = (40, 4) if args.quick else (1000, 15)
    print(f"Match3 mod {M}: {N} queries, two sets of {K}; {HEADS} heads, d = {D}, dv = {DV}, |scores| <= {LIMIT:g}; "
          f"{args.steps} steps of {args.items} sequences, seed {args.seed}")
    runs = [train(name, order, error, args) for name, order, error in
            (("order 2, fast", 2, args.error), ("order 2, exact", 2, None), ("order 1, exact", 1, None))]
    plot(args.plot, runs, args.error)
    for run in runs:
        beside = " (with the exact gradient beside it)" if run.off else ""
        print(f"{run.name}: final loss {np.mean(run.losses[-10:]):.4f}, accuracy {run.accuracy:.3f}, {run.seconds:.1f} s{beside}")
    apart = max(abs(a - b) for a, b in zip(runs[0].losses, runs[1].losses))
    print(f"largest relative error of a fast gradient: {max(runs[0].off):.2e} (asked for: {args.error:g})")
    print(f"largest error over its certified bound: {max(runs[0].share):.3f} ({len(runs[0].share)} steps looked at)")
    print(f"loss curves of order 2, fast and exact: at most {apart:.2e} apart")
    print(f"accuracy is the mean over both answers: chance is 0.5; plot: {args.plot}")


if __name__ == "__main__": main()
