"""A second method on the same trials: neural posterior estimation, with checks of its own.

The shipped posterior rests on a quadratic response surface, a likelihood with named errors, and a sampler. This one has
none of them: a network learns the posterior itself from pairs of parameters and simulated counts (with the targets'
errors added). Its loss is that of automatic posterior transformation with atomic proposals (Greenberg, Nonnenmacher and
Macke 2019): which of many parameter vectors of the bank gave these counts, each weighed by posterior over prior. The
trials of near waves are drawn from no density that can be written down; this loss needs none.

The posterior given counts is normal, and at least as narrow as the prior: its precision is that of the prior plus a sum
of squares whose sizes the network gives, so that no direction of which the counts say nothing runs away. A network
begins as the answer for counts that are linear in the parameters, and learns what differs from it. Networks are trained
on all but a fifth of the trials in turn; their posteriors, equally weighted, are the answer, and the fifth that a
network did not see is what it is checked on:

- TARP (Lemos et al. 2023): the share of the posterior nearer to a random point than the truth is uniform;
- L-C2ST (Linhart, Gramfort and Rodrigues 2023): no classifier tells truths from draws of the posterior, at the counts
  that were published.

Both use the posterior over a fold's own parameter vectors, which is exact for any proposal.

jax and optax come with the extra ``neural``; nothing but this check loads them. It is a check for those who make a fit,
not for users of one.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtri
from scipy.stats import kstest

from irregsim.inference.calibration import recovery
from irregsim.inference.calibration.counts import Errors
from irregsim.inference.calibration.priors import Before
from irregsim.model.draws import Draws
from irregsim.study.packages import install

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FOLDS: Final = 5
#: Hidden units, steps of the optimiser, trials in each, its first rate, and the decay of the weights below: chosen by
#: the loss on trials left out, not by what comes out.
HIDDEN: Final = 128
STEPS: Final = 1000
BATCH: Final = 400
RATE: Final = 3e-4
DECAY: Final = 1.0
#: What makes a network more than a straight line is drawn to nothing where it does not pay.
DECAYING: Final = ("in", "out", "size")
#: Sets of target errors that are added to the counts.
ERRORS: Final = 16
#: Of the part that a network is trained on, this share only says when to stop; it is looked at so often.
STOPPING: Final = 0.1
_LOOK: Final = 25
#: How far the scale of a square may be from its own, on the log scale.
_FARTHEST: Final = 3.0
#: Permutations of the test of classifiers, and components that it is given of counts and parameters.
PERMUTATIONS: Final = 99
_COMPONENTS: Final = 10


def missing() -> str | None:
    """What must be installed before the second method can run, or None where nothing is missing."""
    if any(importlib.util.find_spec(name) is None for name in ("jax", "optax")):
        command = install("neural", "jax", "optax")
        return f"the second method needs the packages jax and optax; install them with: {command}"
    return None


@dataclass(frozen=True)
class Normal:
    """A normal posterior.

    Attributes:
        mean: Shape (parameters,).
        covariance: Shape (parameters, parameters).
    """

    mean: FloatArray
    covariance: FloatArray


@dataclass(frozen=True)
class Network:
    """A trained network: from counts to a normal posterior over the prior, in standard deviations of the prior.

    Attributes:
        weights: Arrays by name.
        loss: Loss on the trials that said when to stop.
    """

    weights: dict[str, FloatArray]
    loss: float

    def _natural(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        w = self.weights
        hidden = np.tanh(x @ w["in"] + w["in_level"])
        size = np.exp(np.clip(x @ w["size"] + w["size_level"], -_FARTHEST, _FARTHEST))
        return x @ w["linear"] + hidden @ w["out"] + w["level"], size

    def energy(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Log of posterior over prior, less a constant for each set of counts.

        Args:
            x: Standardised counts, shape (n, counts).
            theta: Parameters in standard deviations of the prior, shape (m, parameters).

        Returns:
            Shape (n, m).
        """
        natural, size = self._natural(x)
        return np.asarray(natural @ theta.T - 0.5 * size @ ((theta @ self.weights["root"]) ** 2).T)

    def posterior(self, x: FloatArray) -> Normal:
        """The posterior given one set of standardised counts, shape (counts,)."""
        natural, size = self._natural(x[None])
        root = self.weights["root"]
        covariance = np.linalg.inv(np.eye(len(root)) + (root * size[0]) @ root.T)
        return Normal(covariance @ natural[0], covariance)


@dataclass(frozen=True)
class Second:
    """What the second method finds.

    Attributes:
        mean: Posterior means of the parameters as standard normals of the design, shape (parameters,).
        sd: Posterior standard deviations, of the same.
        trials: Trials that were used.
        loss: Mean loss on trials that were left out.
        alone: The same of a network that knows nothing: the log of the number of trials it chooses from.
        tarp: Share of the posterior nearer to a random point than the truth, for each trial left out, (trials,).
        apart: Statistic of the classifier at the published counts.
        apart_by_chance: The same where truths and draws are exchanged at random, shape (permutations,).
    """

    mean: FloatArray
    sd: FloatArray
    trials: int
    loss: float
    alone: float
    tarp: FloatArray
    apart: float
    apart_by_chance: FloatArray

    @property
    def tarp_chance(self) -> float:
        """How often a right posterior gives shares as uneven as `tarp` (Kolmogorov and Smirnov)."""
        return float(kstest(self.tarp, "uniform").pvalue)

    @property
    def classifier_chance(self) -> float:
        """How often a right posterior is told from the truth as well as here, at the published counts."""
        return float((1 + (self.apart_by_chance >= self.apart).sum()) / (1 + len(self.apart_by_chance)))


def find(
    z: FloatArray, y: FloatArray, data: FloatArray, errors: Errors, prior: Before, *, seed: int, steps: int = STEPS
) -> Second:
    """Trains the networks and checks them.

    Args:
        z: Parameters to find, of trials of one population scale, shape (trials, parameters).
        y: Simulated counts on their scale, shape (trials, counts).
        data: Published counts on their scale, shape (counts,).
        errors: What the model may miss.
        prior: Of the parameters.
        seed: Of errors, folds and networks.
        steps: Of the optimiser.

    Raises:
        ModuleNotFoundError: If jax or optax is not installed; the message says how to.
    """
    if (wanted := missing()) is not None:
        raise ModuleNotFoundError(wanted, name="jax")
    theta = (z - prior.mean) / prior.sd
    noisy = np.stack([[recovery.synthetic(row, errors, seed + i, n) for n, row in enumerate(y)] for i in range(ERRORS)])
    centre, spread = noisy.mean(axis=(0, 1)), np.maximum(noisy.std(axis=(0, 1)), 1e-9)
    x, wanted_x = (noisy - centre) / spread, (data - centre) / spread
    draws = Draws(seed, 21)
    order = np.argsort(draws.uniform("sampler", 0, draws.keys(np.arange(len(z), dtype=np.uint64))))
    nearer, losses, alone, answers = np.empty(len(z)), [], [], []
    drawn, weight = np.empty_like(theta), np.empty(len(z))
    for fold in range(FOLDS):
        out = order[fold::FOLDS]
        network = _train(x, theta, np.setdiff1d(order, out, assume_unique=True), seed + fold, steps)
        answers.append(network.posterior(wanted_x))
        energy = network.energy(x[0, out], theta[out])
        log = energy - logsumexp(energy, axis=1, keepdims=True)
        losses.append(-float(np.diag(log).mean()))
        alone.append(np.log(len(out)))
        nearer[out], drawn[out] = _nearer(theta[out], np.exp(log), draws, fold)
        at = network.energy(wanted_x[None], theta[out])[0]
        weight[out] = np.exp(at - logsumexp(at)) / FOLDS
    means = np.stack([one.mean for one in answers])
    covariance = np.mean([one.covariance for one in answers], axis=0) + np.cov(means.T, bias=True)
    own, chance = _classifier(x[0], theta, drawn, wanted_x, weight, draws)
    return Second(
        mean=prior.mean + prior.sd * means.mean(axis=0),
        sd=prior.sd * np.sqrt(np.diag(covariance)),
        trials=len(z),
        loss=float(np.mean(losses)),
        alone=float(np.mean(alone)),
        tarp=nearer,
        apart=own,
        apart_by_chance=chance,
    )


def _train(x: FloatArray, theta: FloatArray, seen: IntArray, seed: int, steps: int) -> Network:
    """One network, as it was when it did best on trials that only say when to stop."""
    import jax
    import jax.numpy as jnp
    import optax

    draws = Draws(seed, 22)

    def turned(call: int, number: int) -> IntArray:
        return np.argsort(draws.uniform("sampler", call, draws.keys(np.arange(number, dtype=np.uint64))))

    seen = seen[turned(0, len(seen))]
    last = max(2, round(STOPPING * len(seen)))
    stopping, taught = seen[:last], seen[last:]
    parameters, number = theta.shape[1], x.shape[2]
    normal = ndtri(draws.uniform("sampler", 1, draws.keys(np.arange(number * HIDDEN, dtype=np.uint64))))
    linear, root = _straight(x[0, taught], theta[taught])
    level = -(x[0, taught] @ linear).mean(axis=0) + theta[taught].mean(axis=0) @ root @ root.T
    weights: dict[str, Any] = {
        "linear": linear,
        "root": root,
        "in": normal.reshape(number, HIDDEN) / np.sqrt(number),
        "in_level": np.zeros(HIDDEN),
        "out": np.zeros((HIDDEN, parameters)),
        "level": level,
        "size": np.zeros((number, number)),
        "size_level": np.zeros(number),
    }
    weights = {name: jnp.asarray(value) for name, value in weights.items()}

    def loss(w: dict[str, Any], of: Any, truths: Any) -> Any:
        natural = of @ w["linear"] + jnp.tanh(of @ w["in"] + w["in_level"]) @ w["out"] + w["level"]
        size = jnp.exp(jnp.clip(of @ w["size"] + w["size_level"], -_FARTHEST, _FARTHEST))
        energy = natural @ truths.T - 0.5 * size @ ((truths @ w["root"]) ** 2).T
        return (jax.nn.logsumexp(energy, axis=1) - jnp.diag(energy)).mean()

    free = {name: name in DECAYING for name in weights}
    rule = optax.adamw(optax.cosine_decay_schedule(RATE, steps), weight_decay=DECAY, mask=free)
    all_x, all_theta = jnp.asarray(x), jnp.asarray(theta)

    @jax.jit  # type: ignore[untyped-decorator]
    def step(w: dict[str, Any], state: Any, which: Any, chosen: Any) -> tuple[dict[str, Any], Any]:
        slope = jax.grad(loss)(w, all_x[which, chosen], all_theta[chosen])
        change, state = rule.update(slope, state, w)
        return optax.apply_updates(w, change), state

    judge = jax.jit(loss)
    state, best, found = rule.init(weights), np.inf, weights
    for at in range(steps):
        chosen = taught[turned(2 + at, len(taught))[:BATCH]]
        weights, state = step(weights, state, at % len(x), chosen)
        if at % _LOOK == 0 or at == steps - 1:
            own = float(np.mean([judge(weights, all_x[i, stopping], all_theta[stopping]) for i in range(4)]))
            if own < best:
                best, found = own, weights
    return Network({name: np.asarray(value, dtype=np.float64) for name, value in found.items()}, best)


def _straight(x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where a network begins: counts are linear in parameters, and normal around that.

    Args:
        x: Standardised counts, shape (n, counts).
        theta: Parameters, shape (n, parameters).

    Returns:
        What a count adds to the natural parameters, shape (counts, parameters), and the root of what all counts add to
        the precision, shape (parameters, counts).
    """
    from sklearn.covariance import ledoit_wolf
    from sklearn.linear_model import RidgeCV

    # Penalties around the number of trials that a parameter without any effect is worth.
    found = RidgeCV(np.geomspace(1e-2, 1e3, 11)).fit(theta, x)
    left, _ = ledoit_wolf(x - found.predict(theta))
    lower = np.linalg.cholesky(np.linalg.inv(left))
    slope = np.asarray(found.coef_)
    return lower @ lower.T @ slope, slope.T @ lower


def _nearer(theta: FloatArray, weight: FloatArray, draws: Draws, fold: int) -> tuple[FloatArray, FloatArray]:
    """For each truth of a fold: the share of its posterior nearer to a random point, and a draw of its posterior.

    Args:
        theta: Parameters of the fold, shape (n, parameters); row i is the truth of counts i.
        weight: Posterior of each over the fold's parameters, shape (n, n).
        draws: Random numbers.
        fold: Number of the fold.
    """
    n = len(theta)
    keys = draws.keys(np.arange(n, dtype=np.uint64) + np.uint64(fold << 32))
    split, chosen, point = (draws.uniform("sampler", 1 + i, keys) for i in range(3))
    share = np.empty(n)
    for i in range(n):
        far = ((theta - theta[int(point[i] * n)]) ** 2).sum(axis=1)
        share[i] = weight[i, far < far[i]].sum() + split[i] * weight[i, far == far[i]].sum()
    drawn = np.minimum((weight.cumsum(axis=1) < chosen[:, None]).sum(axis=1), n - 1)
    return np.clip(share, 0.0, 1.0), theta[drawn]


def _classifier(
    x: FloatArray, theta: FloatArray, drawn: FloatArray, at: FloatArray, weight: FloatArray, draws: Draws
) -> tuple[float, FloatArray]:
    """How well truths are told from draws at the published counts, and how well by chance.

    A logistic classifier with squares and products of the first principal components of counts and parameters.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    def components(of: FloatArray) -> tuple[FloatArray, FloatArray]:
        middle = of.mean(axis=0)
        _, _, axes = np.linalg.svd(of - middle, full_matrices=False)
        return middle, axes[:_COMPONENTS].T

    (x_middle, x_axes), (middle, axes) = components(x), components(theta)
    counts, published = (x - x_middle) @ x_axes, (at - x_middle) @ x_axes
    truth, other = (theta - middle) @ axes, (drawn - middle) @ axes
    shape = PolynomialFeatures(2, include_bias=False)
    rows = np.concatenate([np.hstack([counts, truth]), np.hstack([counts, other])])
    scaled = StandardScaler().fit(shape.fit_transform(rows))
    features = scaled.transform(shape.transform(rows))
    there = scaled.transform(shape.transform(np.hstack([np.repeat(published[None], len(truth), axis=0), truth])))

    def apart(label: FloatArray) -> float:
        told = LogisticRegression(C=0.01, max_iter=200).fit(features, label).predict_proba(there)[:, 1]
        return float((weight * (told - 0.5) ** 2).sum())

    n = len(theta)
    label = np.repeat([1.0, 0.0], n)
    keys = draws.keys(np.arange(n, dtype=np.uint64))
    chance = []
    for i in range(PERMUTATIONS):
        turned = draws.uniform("sampler", 100 + i, keys) < 0.5
        chance.append(apart(np.where(np.concatenate([turned, turned]), 1.0 - label, label)))
    return apart(label), np.array(chance)


def apart(found: Second, own: FloatArray) -> FloatArray:
    """The second method's means less a sample's, in joint standard deviations.

    Args:
        found: Of the second method.
        own: Sample of the first, shape (particles, parameters).
    """
    return np.asarray((found.mean - own.mean(axis=0)) / np.hypot(found.sd, own.std(axis=0)))
