#include "sidecar/store/storage_thread.h"

#include <exception>
#include <utility>

#include "core/assert.h"
#include "sidecar/store/idle_work.h"

namespace restante::sidecar {

StorageThread::StorageThread(std::unique_ptr<core::Store> store, std::function<void()> notify)
    : store_(std::move(store)), notify_(std::move(notify)) {
  RESTANTE_ASSERT(store_ != nullptr);
  thread_ = std::thread([this] { run(); });
}

StorageThread::~StorageThread() { stop(); }

void StorageThread::submit(core::Transaction transaction) { submit_request(std::move(transaction)); }
void StorageThread::submit(const core::LoadRequest& request) { submit_request(request); }
void StorageThread::submit(const core::ParkedRequest& request) { submit_request(request); }

void StorageThread::submit(core::DeadRequest request) { submit_request(std::move(request)); }

void StorageThread::submit_request(Request request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  wake_.notify_one();
}

std::vector<StorageResult> StorageThread::take_results() {
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

void StorageThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void StorageThread::run() {
  try {
    while (serve()) {
    }
    store_.reset();  // closes it in good order, on the thread that used it
  } catch (const std::exception& error) {
    publish(StorageFailed{error.what()});
  }
}

/// The next request, and idle work till it comes. False when there is nothing left and the thread is to stop.
bool StorageThread::serve() {
  auto* const idle = dynamic_cast<IdleWork*>(store_.get());
  bool has_idle_work = idle != nullptr;
  bool worked = false;
  std::unique_lock lock(mutex_);
  while (requests_.empty()) {
    if (stopping_) return false;
    if (has_idle_work) {
      lock.unlock();
      has_idle_work = idle->idle_work();
      if (worked && !has_idle_work) publish(Freed{idle->usage()});  // else the next commit tells
      worked = has_idle_work;
      lock.lock();
    } else {
      wake_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
    }
  }
  const Request request = std::move(requests_.front());
  requests_.pop_front();
  lock.unlock();
  publish(std::visit([this](const auto& asked) { return answer(asked); }, request));
  return true;
}

StorageResult StorageThread::answer(const core::Transaction& transaction) try {
#ifdef RESTANTE_PLANT_ROWS_IN_MEMORY
  static std::vector<core::RowRecord> kept;  // the planted bug of a negative control: what is on disk stays in memory
  kept.insert(kept.end(), transaction.rows.begin(), transaction.rows.end());
#endif
  return store_->commit(transaction);
} catch (const core::StoreFull& full) {
  return CommitFull{transaction.number, full.what()};
}

void StorageThread::publish(StorageResult result) {
  {
    const std::lock_guard lock(mutex_);
    results_.push_back(std::move(result));
  }
  notify_();
}

}  // namespace restante::sidecar
