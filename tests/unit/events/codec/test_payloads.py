"""What may come in as a payload, and how stored payloads are read."""

import msgspec
import pytest
from msgspec import Struct, defstruct

from events.api import Untyped, accept_payload, decode_payload, encode_payload, event, registry
from events.codec.payloads import refuse_unknown_fields
from events.exceptions import InvalidEvent, UnknownEventType
from nova.services.content.events import ContentPostCreated
from nova.services.identity.events import FieldChange, UserUpdated
from tests.support.events import post_created
from tests.support.json_values import EDGES
from tests.support.versions import own_registry

POST = {
    "post_id": "p",
    "user_id": "u",
    "caption": "hi",
    "media_type": "none",
    "status": "published",
    "created_at": "2025-01-15T10:30:00Z",
}


def test_a_registered_type_comes_as_its_class() -> None:
    assert accept_payload("content.post.created", POST, accept_untyped=False) == post_created(
        "p", user_id="u", caption="hi"
    )


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"caption": 7}, "/payload/caption"),
        ({"media_type": "hologram"}, "/payload/media_type"),
        ({"created_at": "2025-01-15T10:30:00"}, "/payload/created_at"),
        ({"created_at": "yesterday"}, "/payload/created_at"),
        ({"post_id": ""}, "/payload/post_id"),
        ({"colour": "red"}, "/payload/colour"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change: dict[str, object], pointer: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        accept_payload("content.post.created", POST | change, accept_untyped=True)
    assert refused.value.pointer == pointer


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="missing required field `user_id`"):
        accept_payload("content.post.created", {"post_id": "p"}, accept_untyped=True)


def test_an_unknown_field_deep_inside_is_refused_too() -> None:
    changes = [{"field": "name", "old": 1, "new": {"any": "thing"}}, {"field": "x", "by": "me"}]
    with pytest.raises(InvalidEvent) as refused:
        accept_payload("user.updated", {"user_id": "u", "changes": changes}, accept_untyped=False)
    assert refused.value.pointer == "/payload/changes/1/by"


class Cup(Struct, frozen=True, kw_only=True, tag_field="kind", tag="cup", rename="camel", omit_defaults=True):
    """One of several things, with a field that JSON calls otherwise and that is left out where it is as usual."""

    milli_litres: int = 250


class Brewed(Struct, frozen=True, kw_only=True):
    """Cups, in every way in which they may stand in a payload."""

    cups: list[Cup]
    pair: tuple[Cup, Cup]
    by_name: dict[str, Cup]


CUP = {"kind": "cup", "milliLitres": 250}
BREWED = {"cups": [CUP, {"kind": "cup"}], "pair": [CUP, CUP], "by_name": {"a/b": CUP}}


def test_tags_other_names_and_usual_values_are_fields_too() -> None:
    refuse_unknown_fields(BREWED, msgspec.convert(BREWED, Brewed))
    assert msgspec.convert(BREWED, Brewed).cups == [Cup(), Cup()]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"cups": [CUP, CUP | {"milli_litres": 1}]}, "/cups/1/milli_litres"),
        ({"pair": [CUP, CUP | {"x": 1}]}, "/pair/1/x"),
        ({"by_name": {"a/b": CUP | {"x/y": 1}}}, "/by_name/a~1b/x~1y"),
    ],
)
def test_an_unknown_field_is_found_wherever_it_stands(change: dict[str, object], pointer: str) -> None:
    sent = BREWED | change
    with pytest.raises(InvalidEvent) as refused:
        refuse_unknown_fields(sent, msgspec.convert(sent, Brewed))
    assert refused.value.pointer == pointer


def test_an_unknown_type_is_refused_or_untyped_by_choice() -> None:
    with pytest.raises(UnknownEventType):
        accept_payload("tea.brewed", {"cups": 2}, accept_untyped=False)
    assert accept_payload("tea.brewed", {"cups": 2}, accept_untyped=True) == Untyped("tea.brewed", {"cups": 2})


def test_a_version_that_the_code_does_not_write_is_refused() -> None:
    with pytest.raises(InvalidEvent) as refused:
        accept_payload("content.post.created", POST, accept_untyped=True, schema_version=9)
    assert refused.value.pointer == "/schema_version"


def test_reading_is_tolerant_of_fields_and_versions_to_come() -> None:
    later = encode_payload(post_created()).replace(b"{", b'{"colour":"red",', 1)
    assert decode_payload("content.post.created", 1, later) == post_created()
    assert isinstance(decode_payload("content.post.created", 2, later), Untyped)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'{"post_id": 1}'])
def test_a_body_that_is_no_payload_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode_payload("content.post.created", 1, body)


@pytest.mark.parametrize(
    "payload",
    [
        post_created(caption="\ud800"),
        post_created(caption="nul\0"),
        post_created(user_id=""),
        post_created(media_type="hologram"),
        UserUpdated(user_id="u", changes=[FieldChange(field="n", new=2**60)]),
        UserUpdated(user_id="u", changes=[FieldChange(field="n", new=float("inf"))]),
        UserUpdated(user_id="u", changes=[FieldChange(field="n", new=object())]),
        Untyped("tea.brewed", {"n": float("nan")}),
        Untyped("tea.brewed", {"n": {1: 2}}),
        Untyped("tea.brewed", {"n": object()}),
    ],
)
def test_what_could_not_be_read_again_is_not_written(payload: object) -> None:
    with pytest.raises(InvalidEvent):
        encode_payload(payload)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", EDGES)
def test_what_comes_as_a_message_can_be_written_again(number: float) -> None:
    body = encode_payload(Untyped("tea.brewed", {"n": [number]}))
    received = decode_payload("tea.brewed", 1, body)

    assert received == Untyped("tea.brewed", {"n": [number]})
    assert encode_payload(received) == body


def test_an_integer_beyond_what_all_can_read_is_refused_in_a_message_too() -> None:
    with pytest.raises(InvalidEvent) as refused:
        encode_payload(decode_payload("tea.brewed", 1, b'{"n":[9007199254740993]}'))
    assert refused.value.pointer == "/n/0"


def test_text_that_only_looks_like_an_escaped_nul_is_written() -> None:
    payload = post_created(caption="\\u0000")
    assert decode_payload("content.post.created", 1, encode_payload(payload)) == payload


def test_a_class_that_is_not_registered_is_a_programming_error() -> None:
    class Stranger(ContentPostCreated, frozen=True, kw_only=True):
        pass

    stranger = Stranger(**{name: getattr(post_created(), name) for name in ContentPostCreated.__struct_fields__})
    with pytest.raises(TypeError, match="Stranger is not a registered event"):
        encode_payload(stranger)


HIGHEST = 2**53 - 1


@pytest.mark.parametrize("number", [0, -7, 10**14, 9_999_999_999_999_999 // 10, HIGHEST, -HIGHEST])
def test_integers_are_written_as_they_are(number: int) -> None:
    with own_registry():
        counted = event("tea.counted", owner="tests")(defstruct("TeaCounted", [("cups", list[int]), ("sort", str)]))

        text = encode_payload(counted([number], "1234567890123456.0"))

        assert text == f'{{"cups":[{number}],"sort":"1234567890123456.0"}}'.encode()


@pytest.mark.parametrize("number", [HIGHEST + 1, -HIGHEST - 1, 2**63 - 1])
def test_integers_that_not_everybody_can_read_are_refused(number: int) -> None:
    with own_registry():
        counted = event("tea.counted", owner="tests")(defstruct("TeaCounted", [("cups", list[int])]))

        with pytest.raises(InvalidEvent, match="an integer beyond"):
            encode_payload(counted([1, number]))
        with pytest.raises(InvalidEvent, match="got `float`"):
            encode_payload(counted([1.0]))


def test_fractions_and_free_form_parts_are_looked_at_closely() -> None:
    with own_registry():
        for number, kind in enumerate((float, dict[str, int], object, int | float, list[float | None])):
            made = event(f"tea.weighed{number}", owner="tests")(defstruct(f"Tea{number}", [("x", kind)]))
            known = registry.of(made(x=None))
            assert (known.has_numbers, known.has_integers_only) == (True, False)
