"""The oracles' own tools."""

import numpy as np
import pytest
from oracle import agree, read


def test_words_that_are_gone_are_told():
    with pytest.raises(
        pytest.fail.Exception, match="Lesson 02 should have printed 'the moon is # km away' once.* did so 0 times"
    ):
        read("02", "the moon is # km away")


@pytest.mark.parametrize(
    "number, right, wrong",
    [
        ("0.36", 0.3649, 0.3671),
        ("-431.5", -431.54, -431.56),
        ("2.0e-20", 2.04e-20, 2.06e-20),
        ("5", 4.6, 4.4),
        ("-inf", -np.inf, -5),
    ],
)
def test_numbers_agree_up_to_their_rounding(number, right, wrong):
    agree(number, right)
    with pytest.raises(AssertionError):
        agree(number, wrong)
