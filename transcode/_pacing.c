/* A run of a transport stream to all its receivers, each burst at its moment, without the
 * interpreter's lock.
 *
 * The compiled twin of `PythonPacing` in transcode/pacer.py and of UdpOutput.send;
 * transcode/compiled_pacing.py declares the structs again. `pacing_run` is called from one thread;
 * others may set `stopping`, read `latest` and the counters, and open or close a target. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
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

enum { PACKET = 188, DATAGRAM = 7 * PACKET, MOST_TOGETHER = 8, RTP_HEADER = 12, MP2T = 33 };

static const double RTP_CLOCK = 90000, JUMP_SECONDS = 0.1;

struct target {
    double last; /* when the RTP packet before was due */
    uint64_t dropped;
    uint32_t source, name_size;
    int32_t fd, error, gso; /* -1: no socket yet; errno of a failure; if the kernel cuts */
    uint16_t sequence;
    uint8_t is_rtp, has_last, name[28];
};

struct pacing {
    double starts_at, seconds_each; /* of CLOCK_MONOTONIC */
    double latest;                  /* seconds after its moment that a burst left */
    uint64_t number;                /* of datagrams so far */
    int32_t together, stopping;
};

int pacing_layout(void) {
    return (int)(sizeof(struct target) * 1000 + sizeof(struct pacing));
}

/* The name has to be there before the descriptor is seen. */
int pacing_open(struct target *target, int fd, const uint8_t *name, uint32_t size) {
    if (size > sizeof target->name)
        return -1;
    memcpy(target->name, name, size);
    target->name_size = size;
    __atomic_store_n(&target->fd, fd, __ATOMIC_RELEASE);
    return 0;
}

void pacing_stop(struct pacing *pacing) {
    __atomic_store_n(&pacing->stopping, 1, __ATOMIC_RELAXED);
}

/* ISO/IEC 13818-1, 2.4.3.4: one of the packets carries a PCR. */
static int has_clock(const uint8_t *datagram) {
    for (const uint8_t *at = datagram; at < datagram + DATAGRAM; at += PACKET)
        if (at[3] & 0x20 && at[4] && at[5] & 0x10)
            return 1;
    return 0;
}

static int burst_of(const uint8_t *data, size_t whole, int together) {
    int count = 1;
    while (count < together && (size_t)count < whole && !has_clock(data + count * DATAGRAM))
        count++;
    return count;
}

/* RFC 2250, section 2; the same numbers as RtpHeaders of transcode/udp_output.py. */
static void write_header(uint8_t to[RTP_HEADER], struct target *target, double at) {
    double since = at - target->last;
    int jumps = !target->has_last || !(since >= 0 && since < JUMP_SECONDS);
    uint16_t sequence = htons(++target->sequence);
    uint32_t stamp = htonl((uint32_t)(int64_t)(at * RTP_CLOCK)), source = htonl(target->source);
    target->last = at;
    target->has_last = 1;
    to[0] = 0x80;
    to[1] = (uint8_t)(jumps << 7 | MP2T);
    memcpy(to + 2, &sequence, 2);
    memcpy(to + 4, &stamp, 4);
    memcpy(to + 8, &source, 4);
}

static int send_pieces(struct target *target, int fd, struct iovec *pieces, int count, int segment) {
    union {
        uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr aligned;
    } control;
    struct msghdr message = {.msg_name = target->name,
                             .msg_namelen = target->name_size,
                             .msg_iov = pieces,
                             .msg_iovlen = (size_t)count};
    if (segment) {
        uint16_t size = (uint16_t)segment;
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *cut = CMSG_FIRSTHDR(&message);
        cut->cmsg_level = SOL_UDP;
        cut->cmsg_type = UDP_SEGMENT;
        cut->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(cut), &size, sizeof size);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

/* `count` datagrams, of `each` pieces: in one system call, or one by one where that is refused. */
static void send_burst(struct target *target, int fd, struct iovec *pieces, int count, int each) {
    if (count > 1 && target->gso) {
        int segment = DATAGRAM + (each > 1 ? RTP_HEADER : 0);
        int error = send_pieces(target, fd, pieces, count * each, segment);
        if (!error)
            return;
        if (error != EAGAIN && error != EWOULDBLOCK)
            target->gso = 0;
    }
    for (int i = 0; i < count; i++) {
        int error = send_pieces(target, fd, pieces + i * each, each, 0);
        if (error) {
            target->error = error;
            target->dropped++;
        }
    }
}

static void send_to(struct target *target, const uint8_t *data, int count, double due, double apart) {
    uint8_t headers[MOST_TOGETHER][RTP_HEADER];
    struct iovec pieces[2 * MOST_TOGETHER];
    int each = target->is_rtp ? 2 : 1, filled = 0;
    for (int i = 0; i < count; i++) {
        if (target->is_rtp) {
            write_header(headers[i], target, due + i * apart);
            pieces[filled++] = (struct iovec){headers[i], RTP_HEADER};
        }
        pieces[filled++] = (struct iovec){(void *)(data + i * DATAGRAM), DATAGRAM};
    }
    int fd = __atomic_load_n(&target->fd, __ATOMIC_ACQUIRE);
    if (fd < 0)
        target->dropped += (uint64_t)count;
    else
        send_burst(target, fd, pieces, count, each);
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void wait_until(double due) {
    struct timespec moment = {.tv_sec = (time_t)due};
    moment.tv_nsec = (long)((due - (double)moment.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR)
        ;
}

/* `size` bytes of whole datagrams; what remains of them when it is told to stop is not sent. */
int pacing_run(struct pacing *pacing, struct target **targets, int target_count,
               const uint8_t *data, size_t size) {
    size_t whole = size / DATAGRAM;
    if (size % DATAGRAM || pacing->together < 1 || pacing->together > MOST_TOGETHER)
        return -1;
    while (whole && !__atomic_load_n(&pacing->stopping, __ATOMIC_RELAXED)) {
        int count = burst_of(data, whole, pacing->together);
        double due = pacing->starts_at + (double)pacing->number * pacing->seconds_each;
        double late = seconds_now() - due;
        if (late < 0)
            wait_until(due);
        else if (late > pacing->latest)
            pacing->latest = late;
        for (int i = 0; i < target_count; i++)
            send_to(targets[i], data, count, due, pacing->seconds_each);
        pacing->number += (uint64_t)count;
        data += (size_t)count * DATAGRAM;
        whole -= (size_t)count;
    }
    return 0;
}
