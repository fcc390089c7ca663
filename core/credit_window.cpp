#include "core/credit_window.h"

namespace restante::core {

void CreditWindow::on_settled(std::uint64_t unsettled, Instant now) {
  ++settled_;
  measure(unsettled, now);
}

void CreditWindow::on_starved(std::uint64_t unsettled, Instant now) {
  starved_ = true;
  measure(unsettled, now);
}

void CreditWindow::measure(std::uint64_t unsettled, Instant now) {
  const Duration passed = now - since_;
  if (passed < interval) return;
  const bool in_use = peak_ >= window_ / 2 || settled_ >= window_ / 2;
  // Double arithmetic: the product of a count and nanoseconds may pass 64 bits after a pause of hours.
  const double rate = static_cast<double>(settled_) / static_cast<double>(passed.count());
  const double wanted = std::min(rate * static_cast<double>(horizon.count()), static_cast<double>(most));
  const auto target = std::clamp(static_cast<std::uint64_t>(wanted), least, most);
  if (!starved_) {
    window_ = target;
  } else if (in_use) {
    window_ = std::clamp(std::max(window_ * 2, target), least, most);
  }
  since_ = now;
  settled_ = 0;
  peak_ = unsettled;
  starved_ = false;
}

}  // namespace restante::core
