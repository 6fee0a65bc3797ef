"""A private chat: who may read it is in its name, the viewer and the person whose number the dialog is.

So the portal is asked once which chat of its is meant (`widget.models.Chat`), and not again whether its two people
may read what one of them wrote. A guest is: which colleagues a guest may talk to changes.
"""

from portals.bitrix24.placements import Context
from widget.access.answers import Identity, Rights
from widget.access.inquiry import Inquiry
from widget.models import Chat


class PrivateChat:
    """What one of its two people may do: everything, as long as they are who they are."""

    def answer(self, inquiry: Inquiry, identity: Identity) -> Rights | None:
        """No longer than the identity that it follows from, which is of after any refusal."""
        if inquiry.is_group or identity.extranet:
            return None
        chat = Chat.objects.between(inquiry.portal, identity.viewer, inquiry.claim.dialog_id.number)
        if chat is None:
            return None
        return Rights(
            epoch=identity.epoch,
            at=identity.at,
            ends=identity.ends,
            chat=chat.pk,
            chat_id=chat.chat_id,
            context=str(Context.USER),
            entity="",
            can_write=True,
        )
