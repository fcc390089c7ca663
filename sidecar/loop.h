#pragma once
/// \file
/// One turn after another: what arrived goes into the office, what it decides goes out, in order.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/office.h"
#include "patterns/link/link.h"
#include "sidecar/link_table.h"
#include "sidecar/store/storage_thread.h"

namespace restante::sidecar {

/// The loop of one sidecar. run() belongs to one thread; stop() to any.
class Loop {
 public:
  struct Setup {
    std::unique_ptr<core::Store> store;
    core::Office::Settings office;
    std::string ipc;     ///< endpoint, to be bound
    std::string listen;  ///< endpoint, to be bound; empty: none
    std::function<void(int level, std::string_view text)> log;
  };

  /// Reads the store, then binds. Throws Error.
  explicit Loop(Setup setup);
  ~Loop();  ///< removes its ipc socket from the path
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until stop(). Throws Error store_failed, held_elsewhere.
  void run();
  void stop() noexcept;
  [[nodiscard]] const std::string& ipc() const noexcept { return ipc_; }
  [[nodiscard]] const std::string& listen() const noexcept { return listen_; }

 private:
  bool receive(std::size_t router, core::Instant now);
  void on_message(std::size_t router, const link::Incoming& incoming, core::Instant now);
  bool on_edit(core::LinkId link, const core::Buffer& control, const core::Buffer& batch, core::Instant now);
  void on_frame(core::LinkId link, const core::Buffer& frame, core::Instant now);
  void drop_link(core::LinkId link, core::Instant now);
  bool take_results(core::Instant now);
  void ask_store(core::Instant now);
  void answer_queries(core::Instant now);
  void send_all(core::Instant now);
  void log_notices();
  void check_socket(core::Instant now);

  // These two go last: the store's lock is given up only when the context has let go of the ipc path, or a successor's
  // fresh socket could be removed; and the storage thread signals until its end.
  link::Wake wake_;
  std::unique_ptr<StorageThread> storage_;
  link::Context context_;
  std::function<void(int level, std::string_view text)> log_;
  std::vector<std::unique_ptr<link::Router>> routers_;
  link::Poller poller_;
  LinkTable links_;
  std::unique_ptr<core::Office> office_;
  std::string ipc_;
  std::string listen_;
  std::uint64_t socket_inode_ = 0;
  core::Instant next_check_{};
  std::atomic<bool> stopping_{false};
};

}  // namespace restante::sidecar
