"""Admin of sagas."""

from sagas.admin.instances import SagaAdmin
from sagas.admin.operations import SagaOperationAdmin

__all__ = ["SagaAdmin", "SagaOperationAdmin"]
