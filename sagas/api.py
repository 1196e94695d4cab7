"""Public face of sagas: everything that the composition and services may use of them."""

from kit.pacing.retry import RetryPolicy
from sagas.collector import SagaCollector
from sagas.definition.registry import Sagas, sagas
from sagas.definition.saga import (
    Compensation,
    Interrupt,
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
from sagas.definition.states import COMPENSATED, COMPLETED, FAILED, OPERATOR, On, State, StateMachine
from sagas.engine.timers import fire_due
from sagas.exceptions import (
    InvalidArgument,
    InvalidData,
    InvalidSaga,
    OperationFinished,
    OperationNotFound,
    RequestIdConflict,
    SagaConflict,
    SagaError,
    SagaNotFound,
    SagaRegistered,
    UnknownSaga,
    UnknownShape,
    VerbRefused,
)
from sagas.machine.instance import Instance, Status, StepState, StepStatus, request_id, saga_id_of
from sagas.operating.actions import operate
from sagas.operating.executor import work_off_operations
from sagas.operating.finding import FoundSaga, MovedSaga, saga_of_id, sagas_moved_by, sagas_of_key
from sagas.operating.operations import cancel_operation, start_operation
from sagas.operating.reading import SagaDetail, SagaView, StepView, TransitionView, saga_detail
from sagas.operating.selection import SagaFilter
from sagas.operating.standing import Standing, open_instances
from sagas.policies import whenever
from sagas.registration import register_saga, supersede_saga
from sagas.runner import SagaRunner, saga_runner

__all__ = [
    "COMPENSATED",
    "COMPLETED",
    "FAILED",
    "OPERATOR",
    "Compensation",
    "FoundSaga",
    "Instance",
    "Interrupt",
    "InvalidArgument",
    "InvalidData",
    "InvalidSaga",
    "Kind",
    "MovedSaga",
    "On",
    "OperationFinished",
    "OperationNotFound",
    "Parallel",
    "Reply",
    "Request",
    "RequestIdConflict",
    "RetryPolicy",
    "Saga",
    "SagaCollector",
    "SagaConflict",
    "SagaDetail",
    "SagaError",
    "SagaFilter",
    "SagaNotFound",
    "SagaRegistered",
    "SagaRunner",
    "SagaView",
    "Sagas",
    "Standing",
    "Start",
    "State",
    "StateMachine",
    "Status",
    "Step",
    "StepState",
    "StepStatus",
    "StepView",
    "TransitionView",
    "UnknownSaga",
    "UnknownShape",
    "VerbRefused",
    "cancel_operation",
    "done",
    "failed",
    "fire_due",
    "open_instances",
    "operate",
    "refused",
    "register_saga",
    "request_id",
    "saga_detail",
    "saga_id_of",
    "saga_of_id",
    "saga_runner",
    "sagas",
    "sagas_moved_by",
    "sagas_of_key",
    "shape_of",
    "start_operation",
    "supersede_saga",
    "whenever",
    "work_off_operations",
]
