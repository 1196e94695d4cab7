"""Who searches need not know how something was written."""

import pytest

from nova.services.text_folding import fold


@pytest.mark.parametrize(
    ("one", "other"), [("ANN", "ann"), ("Straße", "STRASSE"), ("ﬁne", "FINE"), ("Łódź", "łÓDŹ"), ("a  b", "A\nB ")]
)
def test_texts_that_differ_in_case_or_form_are_the_same(one, other):
    assert fold(one) == fold(other)
