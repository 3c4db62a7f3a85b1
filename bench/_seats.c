/* Many seats that receive, as cheaply as can be: one epoll, recvmmsg, arrival times of the kernel.
 *
 * Each seat is a connected UDP socket. Packets are counted by kind and never decrypted; once a
 * second a seat reports what it lost and how much it could take, as a browser does, and now and
 * then repeats its connectivity check (RFC 7675). Compiled and driven by bench/seats.py.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define SLOT 1664
#define KINDS 2
#define CHECK_EVERY_NS 2500000000ull
#define REPORT_EVERY_NS 1000000000ull

typedef int (*protect_function)(void *session, void *header, int *size);

struct stream {
    uint64_t received;
    uint32_t ssrc, highest, first, received_before, expected_before;
    uint16_t sample_size;
    uint8_t sample[SLOT]; /* the first packet as it came, to be decrypted by who has the keys */
};

struct seat {
    int32_t fd, is_measured;
    void *srtp; /* for reports; none without */
    uint64_t report_at, check_at;
    uint8_t check[256];
    uint32_t check_size;
    struct stream streams[KINDS];
};

struct arrival {
    uint64_t at; /* nanoseconds of the real time clock */
    uint32_t seat;
    uint16_t sequence, kind;
};

struct crowd {
    struct seat *seats;
    struct arrival *arrivals;
    protect_function protect_rtcp;
    uint32_t seat_count, arrival_count, arrival_capacity;
    uint8_t types[KINDS]; /* payload types: video, sound */
    uint8_t is_over, is_measuring;
};

int seats_layout(void) { return sizeof(struct seat) ^ sizeof(struct crowd) << 16; }

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + now.tv_nsec;
}

static uint64_t stamp(struct msghdr *header) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof at);
            return (uint64_t)at.tv_sec * 1000000000ull + at.tv_nsec;
        }
    return 0;
}

static void take(struct crowd *c, uint32_t index, const uint8_t *data, int size, uint64_t at) {
    struct seat *seat = &c->seats[index];
    int kind = (data[1] & 0x7f) == c->types[0] ? 0 : (data[1] & 0x7f) == c->types[1] ? 1 : -1;
    if (size < 12 || data[0] >> 6 != 2 || kind < 0)
        return;
    struct stream *stream = &seat->streams[kind];
    uint16_t sequence = data[2] << 8 | data[3];
    if (!stream->received++) {
        memcpy(&stream->ssrc, data + 8, 4);
        memcpy(stream->sample, data, size);
        stream->sample_size = size;
        stream->first = stream->highest = sequence;
    }
    if ((int16_t)(sequence - (uint16_t)stream->highest) > 0)
        stream->highest += (uint16_t)(sequence - (uint16_t)stream->highest);
    if (seat->is_measured && c->is_measuring && c->arrival_count < c->arrival_capacity)
        c->arrivals[c->arrival_count++] = (struct arrival){at, index, sequence, kind};
}

static void drain(struct crowd *c, uint32_t index) {
    static uint8_t slots[BATCH][SLOT];
    static uint8_t controls[BATCH][64];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    for (int i = 0; i < BATCH; i++) {
        pieces[i] = (struct iovec){slots[i], SLOT};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1,
            .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
    }
    int count = recvmmsg(c->seats[index].fd, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++)
        take(c, index, slots[i], messages[i].msg_len, stamp(&messages[i].msg_hdr));
}

static uint8_t *put(uint8_t *to, uint32_t value) {
    value = htonl(value);
    memcpy(to, &value, 4);
    return to + 4;
}

static uint8_t *report_block(uint8_t *to, struct stream *stream) {
    uint32_t expected = stream->highest - stream->first + 1;
    uint32_t new_expected = expected - stream->expected_before;
    uint32_t new_received = (uint32_t)stream->received - stream->received_before;
    uint32_t lost = expected > stream->received ? expected - (uint32_t)stream->received : 0;
    uint32_t share = new_expected > new_received ? (new_expected - new_received) * 256 / new_expected : 0;
    stream->expected_before = expected;
    stream->received_before = (uint32_t)stream->received;
    memcpy(to, &stream->ssrc, 4);
    to = put(to + 4, share << 24 | (lost & 0xffffff));
    to = put(to, stream->highest);
    return put(put(put(to, 0), 0), 0); /* jitter, last report, delay */
}

/* A receiver report (RFC 3550 §6.4.2) and a REMB of 5 Mbit/s. */
static void report(struct crowd *c, struct seat *seat) {
    uint8_t packet[256], *to = packet + 8;
    int blocks = 0;
    for (int kind = 0; kind < KINDS; kind++)
        if (seat->streams[kind].received) {
            to = report_block(to, &seat->streams[kind]);
            blocks++;
        }
    put(put(packet, 0x80c90001u + (blocks << 24) + blocks * 6), 1);
    to = put(put(put(put(to, 0x8fce0005u), 1), 0), 0x52454d42);
    to = put(to, 1u << 24 | 6 << 18 | 5000000 >> 6);
    memcpy(to, &seat->streams[0].ssrc, 4);
    int size = (int)(to + 4 - packet);
    if (!c->protect_rtcp(seat->srtp, packet, &size))
        send(seat->fd, packet, size, MSG_DONTWAIT);
}

static void do_what_is_due(struct crowd *c, uint64_t now) {
    for (uint32_t i = 0; i < c->seat_count; i++) {
        struct seat *seat = &c->seats[i];
        if (seat->check_size && now >= seat->check_at) {
            seat->check_at = now + CHECK_EVERY_NS;
            send(seat->fd, seat->check, seat->check_size, MSG_DONTWAIT);
        }
        if (seat->srtp && now >= seat->report_at) {
            seat->report_at = now + REPORT_EVERY_NS;
            report(c, seat);
        }
    }
}

/* Until `is_over`; from a thread of its own. */
int seats_run(struct crowd *c) {
    struct epoll_event events[64];
    int epoll = epoll_create1(0);
    uint64_t start = now_ns(), look_at = 0;
    if (epoll < 0)
        return -1;
    for (uint32_t i = 0; i < c->seat_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->seats[i].fd, &event);
        c->seats[i].report_at = start + REPORT_EVERY_NS * (i + 1) / c->seat_count;
        c->seats[i].check_at = start + CHECK_EVERY_NS * (i + 1) / c->seat_count;
    }
    while (!__atomic_load_n(&c->is_over, __ATOMIC_RELAXED)) {
        int count = epoll_wait(epoll, events, 64, 5);
        for (int i = 0; i < count; i++)
            drain(c, events[i].data.u32);
        uint64_t now = now_ns();
        if (now >= look_at) {
            look_at = now + 5000000;
            do_what_is_due(c, now);
        }
    }
    close(epoll);
    return 0;
}
