"""Exercises of lesson 00: start here."""

from functools import partial, reduce

import numpy as np

from .engine import Exercise
from .matchers import agrees, close

PICTURES = np.arange(3 * 64).reshape(3, 64) % 7 / 6.0

EXERCISES = {
    "00.1": Exercise(
        judge=partial(close, expected=1, tolerance=0),
        praise="All five are the same picture, the average: without chance there is nothing new.",
        mistakes=[
            (5, "That is so with some courage. Move the slider all the way to the left and look again."),
            (0, "There are pictures, so at least one of them is different from nothing. Count the distinct ones."),
            (10, "There is one average for each of the ten digits, but the five pictures show one digit."),
        ],
        hints=("Move the slider 'courage of the model' to the far left.", "Press the button. Does anything change?"),
        solution="answer = 1  # five times the same average",
    ),
    "00.2": Exercise(
        judge=partial(agrees, reference=lambda p: p.mean(axis=0), cases=[(PICTURES,)]),
        praise="One number for each pixel: the picture that the model makes at courage 0, if the pictures are all of one digit.",
        mistakes=[
            (lambda p: p.mean(), "That is one number, the average over everything. Average over the pictures only: `axis=0`."),
            (lambda p: p.mean(axis=1), "That is the average ink of each picture. Average over the pictures instead: `axis=0`."),
            (lambda p: p.sum(axis=0) / p.shape[1], "You divided by the number of pixels. Divide by the number of pictures."),
            (lambda p: p.sum(axis=0), "That is the sum. Divide it by the number of pictures."),
            (lambda p: reduce(lambda mean, picture: (mean + picture) / 2, p), "The last pictures weigh most so: halve the sum of two, and the next one counts as much as both. Add all up, then divide once."),
            (lambda p: np.median(p, axis=0), "That is the median of each pixel, not the average."),
        ],
        hints=(
            "Numpy arrays have a method `mean`.",
            "`axis=0` averages over the rows, so one number for each column is left.",
        ),
        solution="""
            def average(pictures):
                return pictures.mean(axis=0)

            answer = average
        """,
    ),
}  # fmt: skip
