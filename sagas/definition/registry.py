"""Saga registry: the definitions that the code has, by name, and older ones that instances still run on."""

from collections.abc import Iterator

from sagas.definition.saga import Saga
from sagas.definition.shape import shape_of
from sagas.definition.validation import validate
from sagas.exceptions import SagaRegistered, UnknownSaga, UnknownShape


class Sagas:
    """Definitions by name and by shape."""

    def __init__(self) -> None:
        self._present: dict[str, Saga] = {}
        self._superseded: dict[tuple[str, str], Saga] = {}

    def register(self, saga: Saga, *, superseded: bool = False) -> Saga:
        """Make it known; as `superseded`, only for instances that began with it.

        Raises `InvalidSaga` for a definition that could end badly, and `SagaRegistered` for a name taken twice.
        """
        validate(saga)
        if superseded:
            self._superseded[saga.name, shape_of(saga)] = saga
            return saga
        if self._present.setdefault(saga.name, saga) is not saga:
            raise SagaRegistered(saga.name)
        return saga

    def forget(self, saga: Saga) -> None:
        """Let it be unknown again; for tests."""
        self._present.pop(saga.name, None)
        self._superseded.pop((saga.name, shape_of(saga)), None)

    def named(self, name: str) -> Saga:
        """The definition that new instances begin with. Raises `UnknownSaga`."""
        try:
            return self._present[name]
        except KeyError:
            raise UnknownSaga(name, tuple(self._present)) from None

    def of_shape(self, name: str, shape: str) -> Saga:
        """The definition that an instance began with. Raises `UnknownSaga` and `UnknownShape`."""
        present = self.named(name)
        if shape_of(present) == shape:
            return present
        try:
            return self._superseded[name, shape]
        except KeyError:
            raise UnknownShape(name, shape) from None

    def __iter__(self) -> Iterator[Saga]:
        return iter(self._present.values())


sagas = Sagas()
