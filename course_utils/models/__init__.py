"""The fast form of each model. All have `fit(x) -> self`, `sample(n, rng)` and, where there is a density, `log_prob(x)`."""

from typing import TYPE_CHECKING

from course_utils.lazily import lazily

if TYPE_CHECKING:
    from course_utils.models.box import BoxModel
    from course_utils.models.byte_pairs import BytePairs
    from course_utils.models.categorical import JointCategorical
    from course_utils.models.categorical_mixture import CategoricalMixture
    from course_utils.models.deep import DeepModel, load_checkpoint
    from course_utils.models.diffusion import Diffusion
    from course_utils.models.gan import GAN
    from course_utils.models.gaussian_mixture import GaussianMixture
    from course_utils.models.markov_chain import MarkovChain
    from course_utils.models.masked_diffusion import MaskedDiffusion
    from course_utils.models.nade import NADE, RNADE
    from course_utils.models.naive_bayes import NaiveBayes
    from course_utils.models.pixelrnn import PixelRNN
    from course_utils.models.realnvp import RealNVP
    from course_utils.models.studies import load_study
    from course_utils.models.transformer import Transformer
    from course_utils.models.vae import VAE

__all__ = [
    "GAN",
    "NADE",
    "RNADE",
    "VAE",
    "BoxModel",
    "BytePairs",
    "CategoricalMixture",
    "DeepModel",
    "Diffusion",
    "GaussianMixture",
    "JointCategorical",
    "MarkovChain",
    "MaskedDiffusion",
    "NaiveBayes",
    "PixelRNN",
    "RealNVP",
    "Transformer",
    "load_checkpoint",
    "load_study",
]

lazily(__name__)
