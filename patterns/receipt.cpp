#include <restante/receipt.h>

#include "patterns/writer_state.h"

namespace restante {

Outcome Receipt::outcome() const noexcept { return writer_->outcome(ordinal_); }

bool Receipt::wait_confirmed(Duration timeout) const { return writer_->wait_confirmed(ordinal_, timeout); }

bool Receipt::wait_processed(Duration timeout) const { return writer_->wait_settled(ordinal_, timeout); }

std::optional<MessageId> Receipt::id() const { return writer_->id(ordinal_); }

}  // namespace restante
