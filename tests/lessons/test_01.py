"""The numbers of lesson 01, beside computations that use none of the course's models."""

from statistics import median

import numpy as np
from oracle import agree, joint, read, text
from scipy.special import logsumexp


def test_01_the_generative_classifier(digits):
    x_train, _, x_test, y_test = digits
    assert read("01", "training data: (#, 64) · test data: (#, 64)") == [str(len(x_train)), str(len(x_test))]
    right = (joint(digits).argmax(axis=1) == y_test).mean()
    (percent,) = read("01", "the generative classifier reads #% of the test pictures right")
    agree(percent, 100 * right)
    assert read("01", "scikit-learn's posterior is the same for all # test pictures") == ["497"]


def test_01_the_unit_of_a_density(digits):
    log_p, in_16 = (median(logsumexp(joint(digits, scale), axis=1)) for scale in (1, 16))
    agree(read("01", "pixels from 0 to 1: median log p(x) = # nats")[0], log_p)
    agree(read("01", "pixels from 0 to 16: median log p(x) = # nats")[0], in_16)
    agree(read("01", "the difference is 64 · log 16 = # nats")[0], log_p - in_16)
    agree(read("01", "The same model, the same pictures, # nats apart.", "written")[0], log_p - in_16)
    agree(read("01", r"But is $\log p(x) = #$ nats good?", "written")[0], log_p)
    agree(read("01", r"upright logistic regression is #% sure, log p(x) = # nats")[1], log_p)
    sideways = np.array([picture.reshape(8, 8).T[::-1].ravel() for picture in digits[2]])  # a quarter turn to the left
    log_p = median(logsumexp(joint((*digits[:2], sideways, digits[3])), axis=1))
    agree(read("01", r"sideways logistic regression is #% sure, log p(x) = # nats")[1], log_p)


def test_01_the_prose_says_what_was_printed():
    generative, discriminative = read("01", "test pictures generative #, discriminative #")
    assert read("01", "With # labels the direct road wins, # to #.", "written") == ["1,300", discriminative, generative]
    (right,) = read("01", "reads handwritten digits and is right # times out of 100.", "written")
    assert int(right) == round(100 * float(discriminative))
    agree(read("01", r"A prior of 0.99 is worth $\log(0.99/0.01) \approx #$ nats", "written")[0], np.log(99))


def test_01_the_race():
    table = {
        n: [float(a) for a in read("01", f"{n} labels: generative #, discriminative #")]
        for n in (20, 50, 100, 200, 500, 1000)
    }
    assert [n for n, (generative, discriminative) in table.items() if generative > discriminative] == [20, 50]
    assert "is ahead up to 50 labels, logistic regression from 100 on" in text("01", "code").replace(
        '"\n              "', ""
    )
    for lead, n in zip(read("01", "lead of the generative one: # with 20 labels, # with 1000"), (20, 1000)):
        agree(lead, table[n][0] - table[n][1], error=0.01)  # a difference of two rounded numbers
