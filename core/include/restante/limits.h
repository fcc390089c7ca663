#pragma once
/// \file
/// Every bound of Restante, in one place, each with its reason. Octets unless the name says otherwise.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace restante::limits {

using namespace std::chrono_literals;

// Names. 128 keeps a batch header within two cache lines of text; topics follow MQTT's levels but need not be 64 KiB.
inline constexpr std::size_t name_size_max = 128;     ///< stream, subscription and node names
inline constexpr std::size_t topic_size_max = 256;    ///< a topic or a filter
inline constexpr std::size_t filters_max = 64;        ///< filters of one subscription
inline constexpr std::size_t filter_changes_max = 8;  ///< of one subscription, while messages by earlier ones wait
inline constexpr std::size_t endpoint_size_max = 256;
inline constexpr std::size_t endpoints_max = 8;  ///< live endpoints that one consumer announces

// Payloads and batches. One message fits one frame; MAXMSGSIZE on every socket is frame_size_max.
inline constexpr std::size_t payload_size_max = 1U << 20;
inline constexpr std::size_t attributes_size_max = 16U << 10;  ///< the encoded attribute block of one message
inline constexpr std::size_t attribute_text_size_max = 4096;
inline constexpr std::size_t headers_max = 64;
/// What an output of a stage names its input by: an id, and about 10 to 270 octets for each stream on the way. It fits
/// a key of a database, is long enough for any way through streams that somebody meant, and ends a circle of routes.
inline constexpr std::size_t origin_size_max = 1024;
inline constexpr std::size_t batch_size_target = 64U
                                                 << 10;     ///< natural batching stops gathering here (PERFORMANCE 2.4)
inline constexpr std::size_t batch_messages_max = 8192;     ///< keeps the walk over a batch's records short
inline constexpr std::size_t batch_header_size_max = 4096;  ///< the Cap'n Proto header of a batch
inline constexpr std::size_t frame_size_max = payload_size_max + attributes_size_max + batch_size_target + (64U << 10);

// Control messages. A longer list is sent as several messages.
inline constexpr std::size_t control_size_max = 256U << 10;
inline constexpr std::size_t ranges_max = 1024;             ///< ranges of any list in one control message
inline constexpr std::size_t grants_max = 4096;             ///< open or still owed blocks of one stream
inline constexpr std::size_t text_size_max = 4096;          ///< a reason, an error text
inline constexpr std::size_t letters_max = 32;              ///< dead letters that one answer tells of
inline constexpr std::size_t letter_changes_max = 256;      ///< dead letters that one commit brings back or drops
inline constexpr std::size_t dead_tasks_max = 16;           ///< operators' wishes about them that wait, per stream
inline constexpr std::size_t attempts_told = 4;             ///< of a message's history: the first and the last ones
inline constexpr std::size_t attempt_who_max = 64;          ///< octets of who tried it, for people
inline constexpr std::size_t attempt_why_max = 200;         ///< octets of why that ended
inline constexpr std::size_t history_size_max = 2048;       ///< with room for times; what comes longer is refused
inline constexpr std::size_t report_size_max = 192U << 10;  ///< the JSON of a status answer

// Sequences. A block of 2^20 is about five grants a second at the highest measured rate; 2^63 - 2^20 is never passed.
inline constexpr std::uint64_t grant_messages = 1U << 20;
inline constexpr std::uint64_t sequence_max = (std::uint64_t{1} << 63) - (std::uint64_t{1} << 20);
inline constexpr std::uint64_t regress_skip = 1U << 16;  ///< the next block after a restored store starts so far above
inline constexpr std::uint32_t regresses_max = 16;       ///< so often may peers bring that about, per stream and run
/// So far ahead a peer is believed: 2^44 messages are half a year at a million a second, and 2^19 times fit.
inline constexpr std::uint64_t regress_reach = std::uint64_t{1} << 44;

// Windows in octets.
inline constexpr std::size_t writer_window = 8U << 20;    ///< unconfirmed octets of one writer (RELIABILITY R22)
inline constexpr std::size_t consumer_credit = 1U << 20;  ///< octets in hand and in the queue of one consumer
inline constexpr std::size_t tracked_octets_max = 8U
                                                  << 20;  ///< batches that one subscription has in the sidecar's memory
inline constexpr std::size_t tracked_octets_all = 32U << 20;   ///< the same for all subscriptions of a node together
inline constexpr std::size_t tracked_octets_min = 256U << 10;  ///< what a subscription always may have
inline constexpr std::size_t tracked_batches_max = 8192;     ///< entries above the floor; half of it is the parking age
inline constexpr std::size_t page_octets = 1U << 20;         ///< one page of redelivery
inline constexpr std::size_t page_rows = 256;                ///< rows of one page (RELIABILITY section 3)
inline constexpr std::size_t transaction_octets = 4U << 20;  ///< one group commit
inline constexpr std::size_t early_ranges_max = 1024;        ///< acks ahead of their copies; more are dropped (B2)
inline constexpr std::size_t loose_messages_max = 16384;     ///< messages with a history of their own, per subscription
inline constexpr std::size_t settled_ranges_max = 65536;     ///< what a consumer remembers above the floor
/// Gaps that are owed to one subscription; then its next cut waits until its consumer has heard of some.
inline constexpr std::size_t gaps_max = 256;
inline constexpr std::size_t hold_octets = 8U << 20;  ///< live copies that wait while catching up (R14)
inline constexpr std::size_t hold_batches = 4096;
inline constexpr std::size_t seen_topics_max = 65536;    ///< topics above the baseline of one consumer (X2)
inline constexpr std::size_t noted_ranges_max = 4096;    ///< what a live subscriber remembers until its sidecar's word
inline constexpr std::size_t fates_max = 1024;           ///< ranges that did not end well, for a writer's receipts
inline constexpr std::size_t published_log_max = 256;    ///< batches that a sidecar remembers for who listens; a stream
inline constexpr std::size_t writer_topics_max = 65536;  ///< topics that a writer remembers for `prev` (W4)

// Counts at one sidecar.
inline constexpr std::size_t links_max = 4096;
inline constexpr std::size_t streams_max = 4096;
inline constexpr std::size_t subscriptions_max = 1024;  ///< per stream
inline constexpr std::size_t sessions_max = 1024;       ///< per stream
inline constexpr std::size_t listeners_max = 1024;  ///< per stream: sessions that only listen, apart from the others
inline constexpr std::size_t replays_max =
    64;  ///< per stream: sessions that read what is kept, with a share of memory each
inline constexpr std::size_t handles_max = 256;  ///< writers and readers of one link

inline constexpr std::uint32_t priority_max = 9;  ///< of a stream; ten steps are enough to keep apart

// Times.
inline constexpr auto drain_burst = 50ms;  ///< of a limited rate goes at once; one commit and one wake-up for it
inline constexpr auto drain_start = 1s;    ///< within which nodes with a limited rate begin, each at a random time
inline constexpr auto store_delay = 5ms;   ///< how long a fresh batch waits for its ack before it is written
inline constexpr auto heartbeat_interval = 500ms;  ///< of both ends of a control link
inline constexpr auto silence_max = 3s;            ///< a link without a word for so long is down
inline constexpr auto ack_wait = 1s;               ///< an unreported live copy is taken as lost after this (B5)
inline constexpr unsigned resends_max = 8;  ///< requests for one missing copy on one link: then it cannot be had (W2)
inline constexpr auto subscribe_interval = 1s;   ///< a consumer that was refused for a time asks again so often
inline constexpr auto listener_wait = 100ms;     ///< so long who listens may take to connect to a new publisher
inline constexpr auto tail_wait = 2s;            ///< so much later than its sidecar's word a message may come
inline constexpr auto report_interval = 250ms;   ///< how often a consumer reports what it has received
inline constexpr auto checkpoint_interval = 1s;  ///< T1: also in live state
inline constexpr auto cursor_delay = 200ms;      ///< acks are written lazily, at the latest so much later
inline constexpr auto park_after = 1s;           ///< a message that waits longer for its time is parked
inline constexpr auto lease = 30s;               ///< how long an application may hold a delivery
inline constexpr auto retry_initial = 100ms;     ///< first backoff after a nack without a delay
inline constexpr auto retry_max = 30s;
inline constexpr std::int64_t retry_factor_max = 10'000;         ///< percent: a hundredfold
inline constexpr std::int64_t attempts_set_max = 1'000'000'000;  ///< what a rule may say; it fits into its number
inline constexpr std::uint32_t attempts_max = 16;                ///< then the dead letters
inline constexpr std::uint32_t suspect_deaths = 3;  ///< sessions lost with a batch in hand, then its messages go alone
inline constexpr std::int64_t wait_ms_max = std::int64_t{36525} * 86'400'000;  ///< 100 years: no sum of times overflows

// Store.
inline constexpr std::uint64_t store_quota = std::uint64_t{8} << 30;  ///< default quota of a node
inline constexpr std::uint64_t wal_octets = 32U << 20;  ///< WAL cap of a large store; scaled down by quota

}  // namespace restante::limits
