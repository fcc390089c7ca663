#include "sidecar/loop.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include <restante/error.h>
#include <restante/limits.h>

#include "core/wire.h"
#include "patterns/link/clock.h"
#include "sidecar/json.h"
#include "sidecar/json_outcome.h"

namespace restante::sidecar {

namespace {

// A turn takes so many messages of a router before it performs what they led to: bounds the latency of a confirm.
constexpr int messages_a_turn = 256;

std::string path_of(const std::string& endpoint) { return endpoint.substr(std::string_view("ipc://").size()); }

std::uint64_t inode_of(const std::string& endpoint) {
  struct stat status {};
  return ::stat(path_of(endpoint).c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Loop::Loop(Setup setup) : log_(std::move(setup.log)) {
  office_ = std::make_unique<core::Office>(setup.store->image(), setup.office, link::boot_now());
  storage_ = std::make_unique<StorageThread>(std::move(setup.store), [this] { wake_.signal(); });
  for (std::size_t count = setup.listen.empty() ? 1 : 2; count > 0; --count) {
    routers_.push_back(std::make_unique<link::Router>(context_, limits::frame_size_max));
    poller_.add(*routers_.back());
  }
  // The port first: when it is taken nothing is left behind, as a socket's file would be.
  if (!setup.listen.empty()) listen_ = routers_.back()->bind(setup.listen);
  ipc_ = routers_.front()->bind(setup.ipc);
  socket_inode_ = inode_of(ipc_);
  poller_.add(wake_);
}

/// While it still listens nobody else takes the path, so that the file that is removed is its own.
Loop::~Loop() {
  if (socket_inode_ != 0 && inode_of(ipc_) == socket_inode_) ::unlink(path_of(ipc_).c_str());
}

void Loop::stop() noexcept {
  stopping_.store(true);
  wake_.signal();
}

void Loop::run() {
  while (!stopping_.load()) {
    const core::Instant now = link::boot_now();
    office_->set_wall(link::wall_ms());
    bool more = take_results(now);
    for (std::size_t router = 0; router < routers_.size(); ++router) more = receive(router, now) || more;
    if (now >= office_->next_deadline()) office_->on_time(now);
    ask_store(now);
    answer_queries(now);
    send_all(now);
    log_notices();
    check_socket(now);
    const core::Instant next = std::min(office_->next_deadline(), next_check_);
    const core::Instant present = link::boot_now();
    if (!more && next > present) {
      poller_.wait(next - present);
      wake_.drain();
    }
  }
}

/// Another sidecar may have taken the path away (RELIABILITY R11): then services talk to it, and this one must end.
void Loop::check_socket(core::Instant now) {
  if (now < next_check_) return;
  next_check_ = core::after(now, std::chrono::seconds{1});
  if (inode_of(ipc_) == socket_inode_) return;
  throw Error(ErrorCode::held_elsewhere, "cannot go on serving " + ipc_ +
                                             ": the socket was removed or replaced by another process; stop that "
                                             "process, then start this sidecar again");
}

bool Loop::receive(std::size_t router, core::Instant now) {
  link::Router& socket = *routers_[router];
  int left = messages_a_turn;
  for (bool any = true; any && left > 0;) {  // messages and ends of connections come in turns (link.h)
    any = false;
    for (auto incoming = socket.receive(); incoming; incoming = --left > 0 ? socket.receive() : std::nullopt) {
      any = true;
      on_message(router, *incoming, now);
    }
    while (const auto descriptor = socket.next_disconnected()) {
      any = true;
      if (const auto link = links_.by_descriptor(router, *descriptor)) drop_link(*link, now);
    }
  }
  return left <= 0;
}

void Loop::on_message(std::size_t router, const link::Incoming& incoming, core::Instant now) {
  const auto [link, is_new] = links_.at(router, incoming.route, incoming.descriptor);
  if (is_new) {
    if (links_.size() > limits::links_max) {
      links_.erase(link);
      return;
    }
    office_->on_link_up(link, incoming.peer_address, now);
  }
  if (incoming.frames.size() == 1) {
    on_frame(link, incoming.frames.front(), now);
  } else if (incoming.frames.size() != 2 || !on_edit(link, incoming.frames.front(), incoming.frames.back(), now)) {
    office_->on_garbage(link, now);
  }
}

/// An operator's message in the place of a dead letter is the only one that comes with a batch behind it.
bool Loop::on_edit(core::LinkId link, const core::Buffer& control, const core::Buffer& batch, core::Instant now) {
  std::string why;
  const auto frame = core::decode(control, why);
  if (!frame || !std::holds_alternative<core::ChangeDead>(frame->message)) return false;
  auto edited = core::Batch::parse(batch.aligned(), why);
  if (!edited) return false;
  office_->on_frame(link, *frame, now, std::move(edited));
  return true;
}

void Loop::on_frame(core::LinkId link, const core::Buffer& frame, core::Instant now) {
  std::string why;
  if (core::looks_like_batch(frame.octets())) {
    auto batch = core::Batch::parse(frame.aligned(), why);
    if (batch) {
      office_->on_copy(link, std::move(*batch), now);
      return;
    }
  } else if (const auto control = core::decode(frame, why)) {
    office_->on_frame(link, *control, now);
    return;
  }
  office_->on_garbage(link, now);
}

void Loop::drop_link(core::LinkId link, core::Instant now) {
  office_->on_link_down(link, now);
  links_.erase(link);
}

bool Loop::take_results(core::Instant now) {
  auto results = storage_->take_results();
  for (StorageResult& result : results) {
    std::visit(
        [&](auto& answer) {
          using Answer = std::decay_t<decltype(answer)>;
          if constexpr (std::is_same_v<Answer, core::CommitToken>) {
            office_->on_committed(answer, now);
          } else if constexpr (std::is_same_v<Answer, CommitFull>) {
            office_->on_full(answer.text, now);
          } else if constexpr (std::is_same_v<Answer, Freed>) {
            office_->on_freed(answer.usage, now);
          } else if constexpr (std::is_same_v<Answer, StorageFailed>) {
            throw Error(ErrorCode::store_failed, answer.text);
          } else {
            office_->on_loaded(answer, now);
          }
        },
        result);
  }
  return !results.empty();
}

void Loop::ask_store(core::Instant now) {
  for (core::LoadRequest& request : office_->take_loads()) storage_->submit(request);
  for (core::ParkedRequest& request : office_->take_parked_loads()) storage_->submit(request);
  for (core::DeadRequest& request : office_->take_dead_loads()) storage_->submit(std::move(request));
  if (auto transaction = office_->next_transaction(now)) storage_->submit(std::move(*transaction));
}

void Loop::answer_queries(core::Instant now) {
  for (const auto& [link, query] : office_->take_queries()) {
    const auto message = message_place_of(query.what);
    std::string json = message ? to_json(*message, core::whereabouts_of(*office_, message->stream, message->sequence))
                               : to_json(office_->status(now), limits::report_size_max, place_of(query.what));
    if (json.size() > limits::report_size_max) json = "{\"error\":\"the report is too long\"}";
    LinkTable::Entry* entry = links_.find(link);
    if (entry == nullptr) continue;
    const core::ControlFrame frame{++entry->out_number, core::Report{query.request, std::move(json)}};
    routers_[entry->router]->send(entry->route, core::encode(frame));
  }
}

/// In order. A link that takes nothing more is ended, never skipped over (T3): its library makes a new one.
void Loop::send_all(core::Instant now) {
  for (auto outgoing = office_->take_outgoing(); !outgoing.empty(); outgoing = office_->take_outgoing()) {
    for (core::Outgoing& one : outgoing) {
      LinkTable::Entry* entry = links_.find(one.link);
      if (entry == nullptr) continue;
      const core::Buffer control = core::encode(core::ControlFrame{++entry->out_number, std::move(one.message)});
      link::Router& router = *routers_[entry->router];
      const link::Sent sent =
          one.batch.empty() ? router.send(entry->route, control) : router.send(entry->route, control, one.batch);
      if (sent != link::Sent::yes) drop_link(one.link, now);
    }
  }
}

void Loop::log_notices() {
  for (const std::string& notice : office_->take_notices()) log_(2, notice);
}

}  // namespace restante::sidecar
