"""The widgets of the course, each with a function that plots the same picture the usual way: anew, with matplotlib."""

from collections.abc import Callable

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch

from course_utils import avatars, plotting, style, widgets
from course_utils.datasets import (
    WRODL_VALUES,
    load_digits,
    load_planet_pixel,
    load_world_land,
    load_wrodl,
    planet_pixel_distribution,
)
from course_utils.models import GAN, NADE, GaussianMixture, JointCategorical, NaiveBayes
from course_utils.widgets.box_explorer import N_SHOWN
from course_utils.widgets.completion import faces_that_fit
from course_utils.widgets.elbo_explorer import elbo_and_gap, normal
from course_utils.widgets.em_stepper import Step
from course_utils.widgets.hidden_pixels import colour_given_visible
from course_utils.widgets.imagined_digit import fit_gaussians
from course_utils.widgets.likelihood_landscape import landscape
from course_utils.widgets.mixture_sliders import log_joint
from course_utils.widgets.panel import Panel
from course_utils.widgets.pixel_sampler import TEMPERATURES, Recording, temper
from course_utils.widgets.pseudo_count import leave_one_out, unseen_mass

LAND = load_world_land()
X = LAND.sample(40, np.random.default_rng(2))  # the observations of lesson 02
DIGITS = load_digits()
MEANS, FACTORS = fit_gaussians(DIGITS)


def log_likelihood(x: np.ndarray) -> np.ndarray:
    """Return log p(x|y) (N, 10) of ten Gaussians, up to a constant."""
    z = np.linalg.solve(FACTORS[None], (x[:, None] - MEANS)[..., None])[..., 0]  # (N, 10, 64)
    return -0.5 * (z**2).sum(axis=2) - np.log(np.diagonal(FACTORS, axis1=1, axis2=2)).sum(axis=1)


def imagined_digit() -> tuple[Panel, Callable]:
    """Return lesson 00's widget, and a function that plots the same."""
    panel = widgets.imagined_digit(DIGITS)

    def plot(digit: float, courage: float, seed: int) -> None:
        _, axes = plt.subplots(1, 5, figsize=(7.6, 2.0))
        noise = np.random.default_rng(seed).standard_normal((5, 64))
        for ax, x in zip(axes, MEANS[int(digit)] + courage * noise @ FACTORS[int(digit)].T):
            ax.imshow(x.reshape(8, 8), cmap=style.PAPER_TO_INK, vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])

    return panel, plot


def bayes_explorer() -> tuple[Panel, Callable]:
    """Return lesson 01's widget, and a function that plots the same."""
    panel = widgets.bayes_explorer(DIGITS, log_likelihood)

    def plot(picture: float, noisy: float, prior_of_8: float) -> None:
        _, axes = plt.subplots(1, 3, figsize=(8.2, 4.0), width_ratios=[1, 1.3, 1.3])
        x = DIGITS.pixels[int(picture)]
        log_prob = log_likelihood(x[None])[0]
        axes[0].imshow(x.reshape(8, 8), cmap=style.PAPER_TO_INK, vmin=0, vmax=1)
        axes[1].barh(range(10), log_prob, color=style.P_MODEL)
        axes[2].barh(range(10), np.exp(log_prob - np.logaddexp.reduce(log_prob)), color=style.P_MODEL)
        for ax, title in zip(axes, ("the picture x", "log p(x|y)", "p(y|x)")):
            ax.set_title(title)

    return panel, plot


def box_explorer() -> tuple[Panel, Callable]:
    """Return lesson 02's widget, and a function that plots the same."""
    panel = widgets.box_explorer(X, LAND)
    uniform = np.random.default_rng(0).uniform(size=(N_SHOWN, 2))

    def plot(south: float, west: float, north: float, east: float) -> None:
        _, ax = plt.subplots(figsize=(7.6, 4.2))
        plotting.world_map(LAND, ax, title="Your box, its samples (blue), the observations (dark)")
        samples = [south, west] + uniform * [north - south, east - west]
        plotting.box((south, west, north, east), ax)
        ax.scatter(samples[:, 1], samples[:, 0], color=style.SAMPLE, s=10)
        ax.scatter(X[:, 1], X[:, 0], color=style.OBSERVATIONS)

    return panel, plot


def likelihood_landscape() -> tuple[Panel, Callable]:
    """Return lesson 03's widget, and a function that plots the same."""
    panel = widgets.likelihood_landscape(X)

    def plot(south: float, west: float, north: float, east: float, corner: str) -> None:
        _, ax = plt.subplots(figsize=(7.6, 4.2))
        plotting.world_map(ax=ax, title="Log-likelihood of one corner (lighter is higher)")
        ax.imshow(landscape(X, (south, west), corner), extent=(-180, 180, -90, 90))
        plotting.box((south, west, north, east), ax)
        ax.scatter(X[:, 1], X[:, 0], color=style.OBSERVATIONS)
        ax.scatter([east], [north], color=style.P_MODEL)

    return panel, plot


def pseudo_count() -> tuple[Panel, Callable]:
    """Return lesson 04's widget of α, and a function that plots the same."""
    counts = np.repeat([2, 1, 0], [1, 48, 3983])
    panel = widgets.pseudo_count(counts)

    def plot(log_alpha: float) -> None:
        _, axes = plt.subplots(2, 1, figsize=(6.4, 5.0), sharex=True)
        log_alphas = np.linspace(-3, 2, 200)
        for ax, curve in zip(axes, (leave_one_out, unseen_mass)):
            ax.plot(log_alphas, curve(counts, 10**log_alphas), color=style.P_MODEL)
            ax.axvline(log_alpha, color=style.GREY)
            ax.plot(log_alpha, curve(counts, 10**log_alpha), "o", color=style.P_MODEL)

    return panel, plot


def style_designer() -> tuple[Panel, Callable]:
    """Return the widget of lessons 04 and 05, and a function that plots the same."""
    wrodl = load_wrodl()
    models = {f"α = {alpha}": JointCategorical(WRODL_VALUES, alpha).fit(wrodl).log_prob for alpha in (0, 1)}
    panel = widgets.style_designer(wrodl, models)

    def plot(**codes: float) -> None:
        _, ax = plt.subplots(figsize=(3.6, 3.9))
        ax.imshow(avatars.draw_style({name: values[int(codes[name])] for name, values in WRODL_VALUES.items()}, 220))
        ax.set(xticks=[], yticks=[], title="Your Wrodler")

    return panel, plot


def hidden_pixels() -> tuple[Panel, Callable]:
    """Return lesson 06's widget, and a function that plots the same."""
    faces, p_data = load_planet_pixel("test"), planet_pixel_distribution()
    model = NaiveBayes([256] * 1024).fit(load_planet_pixel("train").pixels)
    panel = widgets.hidden_pixels(faces, p_data, model)

    def plot(face: float, row: float, column: float, radius: float) -> None:
        _, axes = plt.subplots(1, 2, figsize=(7.8, 3.7))
        image, hidden = faces.images()[int(face)].copy(), np.zeros((32, 32), dtype=bool)
        hidden[max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1] = True
        image[hidden] = 200
        axes[0].imshow(image)
        k = 32 * row + column
        tables = [
            colour_given_visible(p_data, faces.pixels[int(face)], hidden.ravel(), k),
            model.theta.reshape(1024, 256)[k],
        ]
        for y, table in enumerate(tables):
            colours = np.flatnonzero(table > 0.002)
            p = table[colours]
            axes[1].barh([y] * len(colours), p, left=p.cumsum() - p, color=faces.palette[colours] / 255)

    return panel, plot


def latent_explorer() -> tuple[Panel, Callable]:
    """Return lesson 07's widget with a decoder of its size, and a function that plots the same."""
    nn, generator = torch.nn, np.random.default_rng(0)
    decoder = nn.Sequential(
        nn.Linear(2, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 1024), nn.Sigmoid()
    )
    codes = generator.standard_normal((1000, 2))

    @torch.no_grad()
    def decode(z: np.ndarray) -> np.ndarray:
        return (255 * decoder(torch.tensor(z, dtype=torch.float32))).numpy().reshape(32, 32).astype(np.uint8)

    panel = widgets.latent_explorer(decode, codes=codes)

    def plot(z1: float, z2: float) -> None:
        _, axes = plt.subplots(1, 2, figsize=(7.6, 3.9))
        axes[0].imshow(decode(np.array([z1, z2])), cmap="gray", vmin=0, vmax=255)
        axes[1].scatter(codes[:, 0], codes[:, 1], s=6, color=style.LATENT, alpha=0.25)
        axes[1].plot(z1, z2, "o", color=style.LATENT)

    return panel, plot


def page_decoder() -> tuple[Panel, Callable]:
    """Return the explorer of faces, of which the page draws the picture, and a function that plots the same."""
    decode = widgets.page_decoder(GAN(3072, 16, "convolutional"))

    def plot(**z: float) -> None:
        plt.subplots(figsize=(4, 4))[1].imshow(decode(np.array([z[f"z{k + 1}"] for k in range(16)])))

    return widgets.latent_explorer(decode), plot


def em_stepper() -> tuple[Panel, Callable]:
    """Return lesson 08's widget of EM, and a function that plots the same."""
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.normal(mean, 1, size=(100, 2)) for mean in ((0, 0), (4, 1), (1, 4))])
    model = GaussianMixture(3, reg=0).set_parameters(np.ones(3) / 3, [[-1, 3], [0, 3.5], [1, 3]], [np.eye(2)] * 3)
    steps = []
    for _ in range(25):
        r, log_prob = model.e_step(x)
        steps.append(Step(r, model.weights, model.means, model.covariances, log_prob.sum()))
        model.m_step(x, r)
        steps.append(Step(r, model.weights, model.means, model.covariances, model.log_prob(x).sum()))
    panel = widgets.em_stepper(x, steps)

    def plot(step: float) -> None:
        _, ax = plt.subplots(figsize=(5.6, 4.8))
        state = steps[int(step)]
        ax.scatter(*x.T, c=state.responsibilities @ [mpl.colors.to_rgb(colour) for colour in style.CLUSTERS])
        for mean, covariance, colour in zip(state.means, state.covariances, style.CLUSTERS):
            ax.plot(*plotting.ellipse(mean, covariance).T, color=colour)
            ax.plot(*mean, "o", color=colour)

    return panel, plot


def mixture_sliders() -> tuple[Panel, Callable]:
    """Return lesson 08's widget of two humps, and a function that plots the same."""
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.normal(7.3, 0.3, 120), generator.normal(9.5, 0.8, 180)])
    panel = widgets.mixture_sliders(x)

    def plot(**theta: float) -> None:
        _, ax = plt.subplots(figsize=(7.2, 4.0))
        ax.hist(x, bins=30, density=True, color=style.PALE)
        grid = np.linspace(x.min(), x.max(), 240)
        parts = np.exp(log_joint(grid, **theta))
        for part, colour in zip([*parts, parts.sum(axis=0)], [*style.CLUSTERS[:2], style.P_MODEL]):
            ax.plot(grid, part, color=colour)

    return panel, plot


def elbo_explorer() -> tuple[Panel, Callable]:
    """Return lesson 09's widget, and a function that plots the same."""
    z = np.linspace(-14, 14, 5601)
    log_joint = -0.5 * z**2 - 2 * (1.5 - z**2) ** 2 - np.log(np.pi)
    panel = widgets.elbo_explorer(z, log_joint)
    log_evidence = np.logaddexp.reduce(log_joint) + np.log(z[1] - z[0])

    def plot(mean: float, width: float) -> None:
        _, axes = plt.subplots(1, 2, figsize=(7.6, 4.0), width_ratios=[3, 1])
        axes[0].plot(z, np.exp(log_joint - log_evidence), color=style.LATENT)
        axes[0].plot(z, normal(z, mean, width), color=style.P_MODEL)
        axes[0].set(xlim=(-3, 3))
        elbo, gap = elbo_and_gap(z, log_joint, mean, width)
        axes[1].bar([0, 0], [elbo + 12, gap], bottom=[-12, elbo], color=[style.P_MODEL, style.GREY])

    return panel, plot


def guessing_game() -> tuple[Panel, Callable]:
    """Return lesson 10's widget, and a function that plots the same."""
    pictures, rng = (DIGITS.pixels[:40] >= 0.5).astype(int), np.random.default_rng(0)
    W = np.tril(rng.normal(size=(64, 64)), -1)
    models = {"independent": lambda x: np.full(x.shape, 0.4), "FVSBN": lambda x: 1 / (1 + np.exp(-x @ W.T))}
    panel = widgets.guessing_game(pictures, models)

    def plot(picture: float, told: float, guesses: list) -> None:
        _, axes = plt.subplots(1, 2, figsize=(7.2, 3.8))
        x = pictures[int(picture)]
        axes[0].imshow(np.where(np.arange(64) < told, x, 0.2).reshape(8, 8), cmap=style.PAPER_TO_INK)
        for model in models.values():
            bets = model(x[None])[0]
            axes[1].plot(-np.log(np.where(x == 1, bets, 1 - bets)).cumsum()[: int(told)], color=style.P_MODEL)
        axes[1].set(xlim=(0, 64), ylim=(0, 50))

    return panel, plot


def completion() -> tuple[Panel, Callable]:
    """Return lesson 12's widget, and a function that plots the same."""
    p_data, rng = planet_pixel_distribution(), np.random.default_rng(0)
    faces = load_planet_pixel("test").pixels[:4]
    drawn = {hidden: rng.integers(256, size=(4, 6, 32, 32, 3), dtype=np.uint8) for hidden in (6, 8, 10, 16, 22, 30, 32)}
    panel = widgets.completion(faces, drawn, p_data)

    def plot(face: float, setting: float) -> None:
        fig = plt.figure(figsize=(7.8, 3.2))
        hidden, completions = list(drawn.items())[int(setting)]
        truth = p_data.palette[faces[int(face)]].reshape(32, 32, 3)
        for k, picture in enumerate([truth, *completions[int(face)], truth]):
            ax = fig.add_subplot(2, 4, k + 1)
            ax.imshow(picture)
            ax.axhline(31.5 - hidden, color=style.SAMPLE)
        fits = faces_that_fit(p_data, faces[int(face)], hidden)
        ax.set_title(f"{(fits > 0).sum()} faces")

    return panel, plot


def pixel_sampler() -> tuple[Panel, Callable]:
    """Return the widget of lessons 11 and 12 with an untrained NADE of its size, and a function that plots the same."""
    nade = NADE(n_features=784, n_hidden=500)

    def record(temperature: float, picture: int) -> Recording:
        x = nade.sample(1, torch.Generator().manual_seed(picture), temperature)
        p = torch.sigmoid(nade.logits(x)[0]).detach().double().numpy()
        return Recording(np.arange(784), x[0].numpy(), np.column_stack([1 - p, p]))

    panel = widgets.pixel_sampler(record, (28, 28), np.array([[255, 255, 255], [20, 33, 61]]))

    def plot(step: float, temperature: float, picture: float) -> None:
        _, axes = plt.subplots(1, 3, figsize=(7.8, 3.1))
        _, x, p = record(TEMPERATURES[int(temperature)], int(picture))
        for ax, values in zip(axes, (x, temper(p, TEMPERATURES[int(temperature)])[:, 1])):
            ax.imshow(
                np.where(np.arange(784) < step, values, 0.2).reshape(28, 28), cmap=style.PAPER_TO_INK, vmin=0, vmax=1
            )
        axes[2].barh([0, 1], p[min(int(step), 783)], color=style.P_MODEL)

    return panel, plot


def adversarial_game() -> tuple[Panel, Callable]:
    """Return lesson 15's widget, and a function that plots the same."""
    gan, x = GAN(), torch.randn(6400, 2, generator=torch.Generator().manual_seed(0))
    panel = widgets.adversarial_game(gan, x)
    now = panel.draw.keywords["states"][0]
    low, high = panel.draw.keywords["ax"].get_xlim()

    def plot(angle: float, state: int) -> None:
        _, ax = plt.subplots(figsize=(5.6, 5.2))
        ax.imshow(now.d, cmap=style.PAPER_TO_MODEL, extent=(low, high, low, high))
        ax.contour(now.d[::-1], levels=[0.5], colors=style.GREY, extent=(low, high, low, high))
        ax.plot(*x[:250].T, ".", color=style.OBSERVATIONS)
        ax.plot(*now.fakes.T, ".", color=style.SAMPLE)
        ax.plot(*now.circle.T, color=style.LATENT)
        ax.plot(*now.circle[int(angle) // 5], "o", color=style.LATENT)

    return panel, plot


WIDGETS = {make.__name__: make for make in (
    imagined_digit, bayes_explorer, box_explorer, likelihood_landscape,
    pseudo_count, style_designer, hidden_pixels, latent_explorer,
    page_decoder, em_stepper, mixture_sliders, elbo_explorer,
    guessing_game, completion, pixel_sampler, adversarial_game,
)}  # fmt: skip
