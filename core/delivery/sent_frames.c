#include "delivery/sent_frames.h"

#include "delivery/delivery_loop.h"

#define BIT_FIN 0x80u
#define BIT_COMPRESSED 0x40u /* RSV1, RFC 7692 */

/* Tells of one, if it is a whole frame of ours. */
static void tell_frame(struct receiver *receiver, const uint8_t *bytes, size_t len)
{
    struct frame_view view;
    if (len < 2 || (bytes[0] & BIT_FIN) == 0 ||
        len < (bytes[1] < 126    ? 2u
               : bytes[1] == 126 ? 4u
                                 : 10u))
        return;
    frame_view(bytes, &view);
    if (view.size != len)
        return;
    const struct sent_frame frame = {.opcode = view.opcode,
                                     .is_compressed = (bytes[0] & BIT_COMPRESSED) != 0,
                                     .payload = bytes + view.header_len,
                                     .len = len - view.header_len};
    receiver->loop->calls->sent(receiver, &frame);
}

void sent_frames_tell(struct receiver *receiver, const struct iovec *pieces, size_t count,
                      size_t begun, size_t sent)
{
    size_t at = begun; /* in the piece */
    for (size_t i = 0; i < count && sent > 0; i++) {
        const uint8_t *bytes = pieces[i].iov_base;
        size_t len = pieces[i].iov_len;
        while (at < len && at < sent) {
            size_t frame_len = frame_length(bytes + at, len - at);
            tell_frame(receiver, bytes + at, frame_len);
            at += frame_len;
        }
        sent -= sent < len ? sent : len;
        at = at > len ? at - len : 0;
    }
}
