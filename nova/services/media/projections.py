"""Read model of the media service, declared so that it can be verified: which handlers keep which tables."""

from nova.services.media.models import FormerUploader, MediaBelonging
from nova.services.media.service import SERVICE
from projections.api import HandledReadModel, register_handled

BELONGINGS = HandledReadModel(
    name="media-belongings",
    group=SERVICE.name,
    handlers=("media-belongings", "erase-media"),
    models=(MediaBelonging, FormerUploader),
)
register_handled(BELONGINGS)
