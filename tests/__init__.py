"""Nova's tests; what helpers of several modules assert tells as much as what tests do."""

import pytest

pytest.register_assert_rewrite("tests.support")
