#include "patterns/exactly_once/outbox_lane.h"

#include <algorithm>
#include <utility>

#include "core/wire.h"

namespace restante::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t window = 1U << 20;    // of each stream; a larger message goes alone
constexpr std::size_t rows_at_once = 1024;  // then the other streams get their turn, and the database its log back
constexpr Duration admission = 1s;          // a sidecar that is there lets a writer in much sooner
constexpr Duration pause_first = 1s;
constexpr Duration pause_max = 60s;  // a writer that is given up is remembered by its node for as long as that lives

/// The envelope of a row, with what it stands for. Throws Error bad_argument.
Attributes attributes_of(const OutboxRow& row, core::AttributeValues& values, std::vector<Header>& headers) {
  std::string why;
  if (!row.attributes.empty()) {
    auto decoded = core::decode_attributes(row.attributes, why);
    if (!decoded) throw Error(ErrorCode::bad_argument, "its attributes are damaged: " + why);
    values = std::move(*decoded);
  }
  for (const auto& [name, value] : values.headers) headers.push_back({name, value});
  headers.push_back({"restante-origin", row.origin});
  Attributes all;
  all.content_type = values.content_type;
  all.correlation_id = values.correlation_id;
  all.traceparent = values.traceparent;
  all.key = values.key;
  all.headers = headers;
  all.marker = values.marker;
  if (values.expire_after_ms > 0) all.expire_after = std::chrono::milliseconds(values.expire_after_ms);
  all.deliver_after = std::chrono::milliseconds(values.deliver_after_ms);
  return all;
}

}  // namespace

OutboxLane::OutboxLane(std::shared_ptr<NodeState> node, std::string stream, unsigned instance, std::int64_t sent_to)
    : node_(std::move(node)), stream_(std::move(stream)), instance_(instance), sent_to_(sent_to) {}

OutboxLane::~OutboxLane() { close(); }

void OutboxLane::send(OutboxReader& reader, Clock::time_point now) {
  has_more_ = true;
  if (now < again_at_) return;
  try {
    std::size_t left = rows_at_once;
    has_more_ = !reader.rows(stream_, sent_to_, [&](const OutboxRow& row) { return left-- > 0 && take(row); });
  } catch (const Error& error) {
    fail(error, now);
  }
}

bool OutboxLane::take(const OutboxRow& row) {
  if (!open_for(row)) return false;
  core::AttributeValues values;
  std::vector<Header> headers;
  std::optional<std::uint64_t> ordinal;
  try {
    ordinal =
        writer_->try_send(row.topic.value_or(std::string_view()), row.payload, attributes_of(row, values, headers));
  } catch (const Error& error) {
    throw Error(error.code(), "row " + std::to_string(row.id) + " of restante_outbox: " + error.what());
  }
  if (!ordinal) return false;
  under_way_.push_back({row.id, *ordinal});
  sent_to_ = row.id;
  trouble_.clear();
  return true;
}

/// False: not yet.
bool OutboxLane::open_for(const OutboxRow& row) {
  if (!writer_ || publishes_ != row.topic.has_value()) {
    if (!under_way_.empty()) return false;  // the sidecar decides which of both kinds this stream is
    close();
    SenderOptions options;
    options.instance = instance_;
    options.window = window;
    publishes_ = row.topic.has_value();
    writer_ = publishes_ ? node_->open_publisher(stream_, options) : node_->open_writer(stream_, options);
    opened_at_ = Clock::now();
  }
  // In a writer that waits behind another, rows would wait that the other sends and the application removes.
  if (!admitted_) {
    refusal_ = writer_->why_not_admitted();
    admitted_ = refusal_.empty();
  }
  return admitted_;
}

void OutboxLane::collect(std::vector<std::int64_t>& done) {
  while (!under_way_.empty() && under_way_.front().ordinal <= writer_->confirmed()) {
    done.push_back(under_way_.front().id);
    under_way_.pop_front();
    pause_ = {};
    trouble_.clear();
  }
}

void OutboxLane::check(Clock::time_point now) {
  if (under_way_.empty()) return;
  try {
    writer_->wait_confirmed(under_way_.front().ordinal, {});
  } catch (const Error& error) {
    if (now >= again_at_) fail(error, now);
  }
}

bool OutboxLane::is_worth_waiting_for(Clock::time_point now) const noexcept {
  if (is_grave()) return false;
  return is_sending() || (writer_ && !admitted_ && now < opened_at_ + admission);
}

void OutboxLane::wait(Duration timeout) const {
  try {
    if (!admitted_) static_cast<void>(writer_->last_marker(timeout));
    else writer_->wait_confirmed(under_way_.front().ordinal, timeout);
  } catch (const Error&) {  // check() looks at it
  }
}

std::int64_t OutboxLane::clear_to() const noexcept {
  if (!under_way_.empty()) return under_way_.front().id - 1;
  return has_more_ ? sent_to_ : INT64_MAX;
}

std::string OutboxLane::obstacle() const {
  if (is_grave()) return trouble_;
  if (writer_ && !admitted_) return refusal_;
  if (writer_ && (has_more_ || !under_way_.empty())) return writer_->back_pressure();
  return {};
}

void OutboxLane::close() noexcept {
  if (!writer_) return;
  try {
    writer_->close({});  // what is under way is sent again, so there is nothing to wait for
  } catch (const std::exception& error) {
    node_->log().warning("outbox: closing the stream " + stream_ + ": " + error.what());
  }
  writer_.reset();
  admitted_ = false;
}

void OutboxLane::fail(const Error& error, Clock::time_point now) {
  if (trouble_ != error.what()) {
    trouble_ = error.what();
    node_->log().warning("outbox: " + trouble_ + "; the rows of stream " + stream_ + " wait");
  }
  has_more_ = true;
  pause_ = std::clamp(2 * pause_, pause_first, pause_max);
  if (error.code() == ErrorCode::held_elsewhere) {  // the writer asks again by itself, and keeps what is under way
    pause_ = pause_first;
  } else {
    if (!under_way_.empty()) sent_to_ = under_way_.front().id - 1;
    under_way_.clear();
    close();
  }
  again_at_ = now + pause_;
}

}  // namespace restante::detail
