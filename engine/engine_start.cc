// engine_start.cc: what a start finds. Nothing here depends on how many threads there are.
#include <algorithm>

#include "engine/engine_local.h"
#include "engine/epochs.h"
#include "engine/keys.h"
#include "engine/marks.h"

namespace lockstep {
namespace {

// The epochs of the store; a store without any is a new one.
Result<Epochs> read_epochs(const Engine::Parts& parts, std::vector<Row>& rows) {
  const auto value = parts.store.get(Table::meta, epochs_key);
  if (!value) return std::unexpected(value.error());
  if (!*value) {
    Epochs epochs{.current = Epoch(parts.random.next()), .former = {}};
    rows.push_back({Table::meta, std::string(epochs_key), encode_epochs(epochs), Row::Stamp::none});
    return epochs;
  }
  auto epochs = decode_epochs(**value);
  if (!epochs) return fail(Kind::corrupt, "corrupt", "the store's epochs can't be read");
  return std::move(*epochs);
}

Result<ThreadNumber> read_next_number(const Store& store) {
  const auto value = store.get(Table::meta, keys::next_thread);
  if (!value) return std::unexpected(value.error());
  if (!*value) return ThreadNumber(1);
  const auto number = keys::decode_number(**value);
  if (!number || *number == 0) {
    return fail(Kind::corrupt, "corrupt", "the next thread's number can't be read");
  }
  return ThreadNumber(*number);
}

}  // namespace

Result<LocalEngine::Found> LocalEngine::look(const Parts& parts) {
  Found found;
  auto epochs = read_epochs(parts, found.rows);
  if (!epochs) return std::unexpected(epochs.error());
  found.epochs = std::move(*epochs);
  const auto next = read_next_number(parts.store);
  if (!next) return std::unexpected(next.error());
  found.next_number = *next;

  const auto quarantined = marks::read(parts.store, marks::quarantined);
  if (!quarantined) return std::unexpected(quarantined.error());
  found.quarantined = *quarantined;
  if (const auto died = parts.opening ? parts.opening->found() : std::nullopt) {
    found.quarantined.push_back(*died);
    found.rows.push_back(marks::set(marks::quarantined, *died));
  }
  const auto erasing = marks::read(parts.store, marks::erasing);
  if (!erasing) return std::unexpected(erasing.error());
  found.half_erased = *erasing;
  for (ThreadNumber number : *erasing) found.rows.push_back(marks::clear(marks::erasing, number));

  auto open = read_open_runs(parts.store);
  if (!open) return std::unexpected(open.error());
  found.interrupted = std::move(open->threads);
  std::ranges::copy(open->damaged, std::back_inserter(found.quarantined));
  return found;
}

}  // namespace lockstep
