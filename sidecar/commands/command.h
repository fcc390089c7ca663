#pragma once
/// \file
/// What a command line asks for, as plain values: parse() makes them, one file a subcommand carries them out.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <restante/limits.h>
#include <restante/types.h>

#include "core/messages.h"
#include "core/stream_rules.h"

namespace restante::commands {

/// Exit statuses, the same for every subcommand; docs/commands.md tells them to people and scripts.
enum class Exit : int {
  done = 0,
  not_all_done = 1,
  usage = 2,
  nobody_there = 3,
  refused = 4,
  store_failed = 75,  ///< EX_TEMPFAIL: the sidecar stopped itself because its disk cannot be trusted
};

/// The command line is wrong; what() says how and what to type instead.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Nothing answers at the endpoint; what() says which and what to start.
class NobodyThere : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Options that every subcommand has.
struct Common {
  std::string sidecar;  ///< endpoint; empty: RESTANTE_SIDECAR, else the runtime directory
  bool json = false;
  bool verbose = false;   ///< notes also where standard error is not a terminal
  bool insecure = false;  ///< allow endpoints that are not loopback, without encryption
};

/// How standard input is cut into messages, and how messages are set apart on standard output.
enum class Framing { lines, nulls, whole };

struct UpCommand {
  Common common;
  std::string store;
  std::string ipc;
  std::string listen;
  std::string node;
  Duration store_delay = limits::store_delay;
  std::uint64_t quota = limits::store_quota;
  std::uint32_t attempts_max = limits::attempts_max;
  Duration retry_initial = limits::retry_initial;
  std::vector<core::StreamRules> rules{};
  bool elision = true;
};

/// What the commands that write a stream share.
struct SendingOptions {
  Common common;
  std::string stream;
  Duration timeout = forever;
  Framing framing = Framing::lines;
  bool resume = false;
  Duration expire_after = forever;  ///< as Attributes::expire_after
  Duration deliver_after{};         ///< likewise
  unsigned instance = 0;
  std::size_t window = limits::writer_window;
};

struct SendCommand : SendingOptions {};

struct PubCommand : SendingOptions {
  std::optional<std::string> topic;  ///< nullopt: each record has its own
  std::string publish_at;            ///< as SenderOptions::publish_at
  bool keep_single = false;
  bool live_only = false;
};

/// What the commands that read a stream share.
struct ReceivingOptions {
  Common common;
  std::string stream;
  std::vector<std::string> from;
  std::optional<std::uint64_t> count;
  std::optional<Duration> idle;
  Framing framing = Framing::lines;
  bool topics = false;  ///< each message with its topic and a TAB in front
  std::optional<std::string> exec;
  Duration lease = limits::lease;
  std::string live;  ///< as NodeOptions::live
};

struct RecvCommand : ReceivingOptions {};

struct SubCommand : ReceivingOptions {
  std::vector<std::string> filters;
  std::string durable;  ///< empty: remembered by nobody
  bool shared = false;
  bool strict = false;
  std::string start = "new";  ///< as Subscription::start
  BacklogLimit limit{};
};

/// Reads what is kept of a stream; `sub` says the rest.
struct ReplayCommand {
  SubCommand sub;
  std::uint64_t until = 0;  ///< as Subscription::until
};

struct StatusCommand {
  Common common;
};

struct StreamsCommand {
  Common common;
  std::string stream;  ///< empty: all
};

/// The rules of a stream, those that are named; see core::SetStream.
struct StreamsSetCommand {
  Common common;
  core::SetStream wish;
};

/// How a subscription tries again, and how much may wait for it.
struct SubscriptionsSetCommand {
  Common common;
  std::string stream;
  std::string name;
  std::optional<RetryRule> retry{};
  std::optional<BacklogLimit> limit{};
};

struct SubscriptionsCommand {
  enum class Action { list, show, remove, reset };
  Common common;
  Action action = Action::list;
  std::string stream;  ///< empty: all
  std::string name;
  bool dry_run = false;
  bool yes = false;  ///< it need not be asked
  bool force = false;
  std::string start;  ///< of a reset: as Subscription::start
};

/// Which dead letters: all of `which`, or those of them that fit the rest.
struct LetterChoice {
  std::vector<core::DeadSelection>
      which;                      ///< none of them in another; a sequence at most in each; empty: all there are
  std::string reason;             ///< is part of the letter's
  std::optional<Duration> older;  ///< buried longer ago
  std::optional<Duration> newer;  ///< buried less long ago
};

/// Lists dead letters, writes them out, or has something done with all of them.
struct DeadCommand {
  enum class Action { list, retry, drop, save };
  Common common;
  Action action = Action::list;
  LetterChoice choice;
  bool dry_run = false;
  bool yes = false;  ///< it need not be asked
  std::string to;    ///< of save: a directory; empty: standard output
};

/// Everything about one dead letter.
struct DeadShowCommand {
  Common common;
  core::DeadSelection which;  ///< one sequence
  bool payload = false;       ///< its octets, and nothing else
};

/// The header by which an edited message names the one in whose place it is, as Delivery::effect_id() would.
inline constexpr const char* edited_from_header = "restante-edited-from";

/// Another message in the place of a dead letter.
struct DeadEditCommand {
  Common common;
  core::DeadSelection which;                             ///< one sequence
  std::optional<std::string> from;                       ///< a file, or `-`, with the payload
  bool whole = false;                                    ///< its last newline too
  std::optional<std::string> topic;                      ///< nullopt: as it was
  std::vector<std::pair<std::string, std::string>> set;  ///< name and value; an empty value: without it
  [[nodiscard]] bool changes_envelope() const noexcept { return topic || !set.empty(); }
};

/// `--help`, `--version`, `help`: text for standard output.
struct PrintCommand {
  std::string text;
};

/// Where a message is.
struct OutcomeCommand {
  Common common;
  std::string stream;
  Sequence sequence = 0;
};

using Command = std::variant<UpCommand, SendCommand, RecvCommand, PubCommand, SubCommand, ReplayCommand, StatusCommand,
                             StreamsCommand, StreamsSetCommand, SubscriptionsCommand, SubscriptionsSetCommand,
                             DeadCommand, DeadShowCommand, DeadEditCommand, OutcomeCommand, PrintCommand>;

/// Each carries out its command and says how it ended. They throw Error and NobodyThere for what ends them early.
Exit run(const UpCommand& command);
Exit run(const SendCommand& command);
Exit run(const RecvCommand& command);
Exit run(const PubCommand& command);
Exit run(const SubCommand& command);
Exit run(const ReplayCommand& command);
Exit run(const StatusCommand& command);
Exit run(const StreamsCommand& command);
Exit run(const StreamsSetCommand& command);
Exit run(const SubscriptionsCommand& command);
Exit run(const SubscriptionsSetCommand& command);
Exit run(const DeadCommand& command);
Exit run(const DeadShowCommand& command);
Exit run(const DeadEditCommand& command);
Exit run(const OutcomeCommand& command);
Exit run(const PrintCommand& command);

}  // namespace restante::commands
