"""Public face of sagas: everything that the composition and services may use of them."""

from kit.retry import RetryPolicy
from sagas.definition.registry import Sagas, sagas
from sagas.definition.saga import (
    Compensation,
    Kind,
    Parallel,
    Reply,
    Request,
    Saga,
    Start,
    Step,
    done,
    failed,
    refused,
)
from sagas.definition.shape import shape_of
from sagas.engine.runner import SagaRunner, saga_runner
from sagas.engine.timers import fire_due
from sagas.exceptions import (
    InvalidSaga,
    SagaConflict,
    SagaError,
    SagaNotFound,
    SagaRegistered,
    UnknownSaga,
    UnknownShape,
    VerbRefused,
)
from sagas.machine.instance import Instance, Status, StepState, StepStatus, request_id, saga_id_of
from sagas.policies import whenever
from sagas.registration import register_saga, supersede_saga

__all__ = [
    "Compensation",
    "Instance",
    "InvalidSaga",
    "Kind",
    "Parallel",
    "Reply",
    "Request",
    "RetryPolicy",
    "Saga",
    "SagaConflict",
    "SagaError",
    "SagaNotFound",
    "SagaRegistered",
    "SagaRunner",
    "Sagas",
    "Start",
    "Status",
    "Step",
    "StepState",
    "StepStatus",
    "UnknownSaga",
    "UnknownShape",
    "VerbRefused",
    "done",
    "failed",
    "fire_due",
    "refused",
    "register_saga",
    "request_id",
    "saga_id_of",
    "saga_runner",
    "sagas",
    "shape_of",
    "supersede_saga",
    "whenever",
]
