"""Admin of sagas."""

from sagas.admin.instances import SagaAdmin

__all__ = ["SagaAdmin"]
