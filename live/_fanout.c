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
#include <time.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { SLOT = 1664, SLOTS = 256, SEGMENTS = 60, LARGEST_GSO = 64000, PATIENCE_WITH_GSO = 8 };

struct packet {
    const uint8_t *payload;
    uint32_t timestamp;
    uint16_t sequence, size;
    uint8_t marker, starts_key, layer, level;
};

struct run {
    uint32_t first, timestamp_offset;
    uint16_t sequence_offset;
    uint8_t layer;
};

struct leg {
    void *srtp;
    uint32_t ssrc, timestamp_offset, packets, octets, last_timestamp, highest;
    struct run now, before;
    uint8_t payload_type, accepts, target, extension_size, name_size, time_at, level_at;
    uint8_t extension[32], name[28];
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

/* How many of its pieces the kernel took. */
static int send_singly(struct fanout *f, struct msghdr *message) {
    int taken = 0;
    struct msghdr one = *message;
    one.msg_control = NULL;
    one.msg_controllen = 0;
    one.msg_iovlen = 1;
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        one.msg_iov = message->msg_iov + i;
        if (sendmsg(f->fd, &one, MSG_DONTWAIT) < 0)
            f->dropped++;
        else
            taken++;
    }
    f->sent += taken;
    return taken;
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
            int error = errno;
            if (send_singly(f, stuck))
                refuse_gso(f, error); /* else the address was to blame */
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

/* Another layer, or the same one after a hold: the leg's own numbers go on without a gap. */
static void change_over(struct leg *leg, const struct packet *packet) {
    uint32_t timestamp = packet->timestamp + leg->timestamp_offset;
    int32_t behind = (int32_t)(leg->last_timestamp - timestamp);
    leg->before = leg->now;
    leg->now.first = leg->highest + 1;
    leg->now.sequence_offset = (uint16_t)(leg->now.first - packet->sequence);
    leg->now.timestamp_offset = leg->timestamp_offset;
    if (leg->packets && behind >= 0)
        leg->now.timestamp_offset += behind + 1;
    leg->now.layer = leg->accepts = packet->layer;
}

static int takes(struct leg *leg, const struct packet *packet) {
    if (packet->layer == leg->accepts)
        return 1;
    if (packet->layer != leg->target || !packet->starts_key)
        return 0;
    change_over(leg, packet);
    return 1;
}

static int write_packet(uint8_t *to, struct leg *leg, const struct packet *packet,
                        const uint8_t send_time[3]) {
    uint16_t sequence = (uint16_t)(packet->sequence + leg->now.sequence_offset);
    uint32_t timestamp = packet->timestamp + leg->now.timestamp_offset;
    uint16_t sequence_be = htons(sequence);
    uint32_t timestamp_be = htonl(timestamp), ssrc_be = htonl(leg->ssrc);
    int16_t ahead = (int16_t)(sequence - (uint16_t)leg->highest);
    to[0] = leg->extension_size ? 0x90 : 0x80;
    to[1] = (uint8_t)(packet->marker << 7 | leg->payload_type);
    memcpy(to + 2, &sequence_be, 2);
    memcpy(to + 4, &timestamp_be, 4);
    memcpy(to + 8, &ssrc_be, 4);
    memcpy(to + 12, leg->extension, leg->extension_size);
    if (leg->time_at)
        memcpy(to + 12 + leg->time_at, send_time, 3);
    if (leg->level_at)
        to[12 + leg->level_at] = packet->level;
    memcpy(to + 12 + leg->extension_size, packet->payload, packet->size);
    if (ahead > 0)
        leg->highest += ahead;
    leg->last_timestamp = timestamp;
    leg->packets++;
    leg->octets += packet->size;
    return 12 + leg->extension_size + packet->size;
}

/* abs-send-time: 6.18 fixed point seconds */
static void write_time(uint8_t to[3]) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ticks = ((uint64_t)now.tv_sec << 18) + ((uint64_t)now.tv_nsec << 18) / 1000000000;
    to[0] = (uint8_t)(ticks >> 16);
    to[1] = (uint8_t)(ticks >> 8);
    to[2] = (uint8_t)ticks;
}

void fanout_forward(struct fanout *f, struct leg *legs, int leg_count,
                    const struct packet *packets, int packet_count) {
    uint8_t send_time[3];
    write_time(send_time);
    for (struct leg *leg = legs; leg < legs + leg_count; leg++)
        for (const struct packet *packet = packets; packet < packets + packet_count; packet++) {
            if (!takes(leg, packet))
                continue;
            if (f->filled == SLOTS)
                flush(f);
            int size = write_packet(f->arena[f->filled], leg, packet, send_time);
            if (f->protect(leg->srtp, f->arena[f->filled], &size)) {
                f->unprotected++;
                continue;
            }
            append(f, leg, size);
        }
    flush(f);
}
