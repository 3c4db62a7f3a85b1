/* One batch of packets to every leg of a track: header, copy, SRTP in place, sendmmsg with UDP GSO.
 *
 * The compiled twin of live/python_fanout.py; live/compiled_fanout.py declares the structs again.
 * libsrtp is the one inside pylibsrtp: its srtp_protect comes in as a pointer, so no headers are
 * needed. Called from one thread at a time. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { SLOT = 1664, SLOTS = 256, SEGMENTS = 60, LARGEST_GSO = 64000, PATIENCE_WITH_GSO = 8 };
enum { FLOWS = 0, WAITS_FOR_ANY = 1, WAITS_FOR_KEY = 2, PAUSED = 3 };

struct packet {
    const uint8_t *payload;
    uint32_t timestamp;
    uint16_t sequence, size;
    uint8_t marker, starts_key;
};

struct leg {
    void *srtp;
    uint32_t ssrc, timestamp_offset, packets, packets_before, octets, last_timestamp;
    uint16_t sequence_offset, last_sequence;
    uint8_t payload_type, waits, extension_size, name_size;
    uint8_t extension[24], name[28];
};

struct fanout {
    int (*protect)(void *srtp, void *packet, int *size);
    uint64_t sent, dropped, unprotected;
    int fd, gso, gso_refusals, filled, messages;
    const struct leg *owner; /* whom the last message is for */
    uint8_t arena[SLOTS][SLOT] __attribute__((aligned(64)));
    struct iovec pieces[SLOTS];
    struct mmsghdr outgoing[SLOTS];
    uint16_t segment[SLOTS];
    size_t total[SLOTS];
    uint8_t control[SLOTS][CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(8)));
};

int fanout_layout(void) {
    return (int)(sizeof(struct packet) * 1000 + sizeof(struct leg));
}

size_t fanout_size(void) {
    return sizeof(struct fanout);
}

void fanout_open(struct fanout *f, int fd, void *protect, int gso) {
    memset(f, 0, sizeof *f);
    f->fd = fd;
    f->gso = gso;
    f->protect = (int (*)(void *, void *, int *))protect;
}

void fanout_counts(const struct fanout *f, uint64_t counts[4]) {
    counts[0] = f->sent;
    counts[1] = f->dropped;
    counts[2] = f->unprotected;
    counts[3] = (uint64_t)f->gso;
}

static void send_singly(struct fanout *f, struct msghdr *message) {
    struct msghdr one = *message;
    one.msg_control = NULL;
    one.msg_controllen = 0;
    one.msg_iovlen = 1;
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        one.msg_iov = message->msg_iov + i;
        if (sendmsg(f->fd, &one, MSG_DONTWAIT) < 0)
            f->dropped++;
        else
            f->sent++;
    }
}

static void refuse_gso(struct fanout *f, int error) {
    if (error == EIO || ++f->gso_refusals >= PATIENCE_WITH_GSO)
        f->gso = 0;
}

static void prepare(struct fanout *f) {
    for (int i = 0; i < f->messages; i++) {
        struct msghdr *message = &f->outgoing[i].msg_hdr;
        message->msg_control = NULL;
        message->msg_controllen = 0;
        if (message->msg_iovlen < 2)
            continue;
        message->msg_control = f->control[i];
        message->msg_controllen = sizeof f->control[i];
        struct cmsghdr *segment = CMSG_FIRSTHDR(message);
        segment->cmsg_level = SOL_UDP;
        segment->cmsg_type = UDP_SEGMENT;
        segment->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        memcpy(CMSG_DATA(segment), &f->segment[i], sizeof(uint16_t));
    }
}

static void flush(struct fanout *f) {
    int done = 0;
    prepare(f);
    while (done < f->messages) {
        int taken = sendmmsg(f->fd, f->outgoing + done, f->messages - done, MSG_DONTWAIT);
        if (taken > 0) {
            for (int i = done; i < done + taken; i++)
                f->sent += f->outgoing[i].msg_hdr.msg_iovlen;
            done += taken;
            continue;
        }
        struct msghdr *stuck = &f->outgoing[done].msg_hdr;
        if (errno == EINTR)
            continue;
        if (stuck->msg_iovlen > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
            refuse_gso(f, errno);
            send_singly(f, stuck);
        } else {
            f->dropped += stuck->msg_iovlen; /* a full socket buffer, or nobody there */
        }
        done++;
    }
    f->filled = f->messages = 0;
    f->owner = NULL;
}

static int fits_last(const struct fanout *f, const struct leg *leg, int size) {
    int last = f->messages - 1;
    return f->gso && f->owner == leg && size <= f->segment[last] &&
           f->pieces[f->filled - 1].iov_len == f->segment[last] &&
           f->outgoing[last].msg_hdr.msg_iovlen < SEGMENTS && f->total[last] + size <= LARGEST_GSO;
}

static void append(struct fanout *f, struct leg *leg, int size) {
    if (fits_last(f, leg, size)) {
        f->outgoing[f->messages - 1].msg_hdr.msg_iovlen++;
        f->total[f->messages - 1] += size;
    } else {
        struct msghdr *message = &f->outgoing[f->messages].msg_hdr;
        message->msg_name = leg->name;
        message->msg_namelen = leg->name_size;
        message->msg_iov = &f->pieces[f->filled];
        message->msg_iovlen = 1;
        f->segment[f->messages] = (uint16_t)size;
        f->total[f->messages++] = size;
        f->owner = leg;
    }
    f->pieces[f->filled].iov_base = f->arena[f->filled];
    f->pieces[f->filled++].iov_len = size;
}

/* Whether the leg takes the packet; the first one that it takes again continues its sequence. */
static int takes(struct leg *leg, const struct packet *packet) {
    if (leg->waits == FLOWS)
        return 1;
    if (leg->waits == PAUSED || (leg->waits == WAITS_FOR_KEY && !packet->starts_key))
        return 0;
    leg->packets_before = leg->packets;
    leg->last_sequence++;
    leg->sequence_offset = (uint16_t)(leg->last_sequence - packet->sequence);
    leg->waits = FLOWS;
    return 1;
}

static int write_packet(uint8_t *to, struct leg *leg, const struct packet *packet) {
    uint16_t sequence = (uint16_t)(packet->sequence + leg->sequence_offset);
    uint32_t timestamp = packet->timestamp + leg->timestamp_offset;
    uint16_t sequence_be = htons(sequence);
    uint32_t timestamp_be = htonl(timestamp), ssrc_be = htonl(leg->ssrc);
    to[0] = leg->extension_size ? 0x90 : 0x80;
    to[1] = (uint8_t)(packet->marker << 7 | leg->payload_type);
    memcpy(to + 2, &sequence_be, 2);
    memcpy(to + 4, &timestamp_be, 4);
    memcpy(to + 8, &ssrc_be, 4);
    memcpy(to + 12, leg->extension, leg->extension_size);
    memcpy(to + 12 + leg->extension_size, packet->payload, packet->size);
    if ((int16_t)(sequence - leg->last_sequence) > 0)
        leg->last_sequence = sequence;
    leg->last_timestamp = timestamp;
    leg->packets++;
    leg->octets += packet->size;
    return 12 + leg->extension_size + packet->size;
}

void fanout_forward(struct fanout *f, struct leg *legs, int leg_count,
                    const struct packet *packets, int packet_count) {
    for (struct leg *leg = legs; leg < legs + leg_count; leg++)
        for (const struct packet *packet = packets; packet < packets + packet_count; packet++) {
            if (!takes(leg, packet))
                continue;
            if (f->filled == SLOTS)
                flush(f);
            int size = write_packet(f->arena[f->filled], leg, packet);
            if (f->protect(leg->srtp, f->arena[f->filled], &size)) {
                f->unprotected++;
                continue;
            }
            append(f, leg, size);
        }
    flush(f);
}
