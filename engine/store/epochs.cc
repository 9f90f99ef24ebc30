// SPDX-License-Identifier: Apache-2.0
#include "engine/store/epochs.h"

#include <algorithm>
#include <limits>

namespace lockstep {
namespace {

constexpr char version = 1;
constexpr char version_with_lists = 2;
constexpr std::size_t number_bytes = 8;
static_assert(number_bytes == sizeof(Epoch) && number_bytes == sizeof(CommitNumber));

void put_number(std::string& out, std::uint64_t number) {
  for (std::size_t i = 0; i < number_bytes; ++i) {
    out.push_back(static_cast<char>(number >> (8 * (number_bytes - 1 - i)) & 0xff));
  }
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < number_bytes; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

CommitNumber lists_end(const Epochs::Former& former) {
  return former.lists_end.value_or(former.end);
}

// Each later epoch may have lost more, so the least end from this epoch on counts.
template <class EndOf>
std::optional<CommitNumber> least_end(const Epochs& epochs, Epoch epoch, EndOf end_of) {
  if (epoch == epochs.current) return CommitNumber(std::numeric_limits<std::uint64_t>::max());
  auto it = std::ranges::find(epochs.former, epoch, &Epochs::Former::epoch);
  if (it == epochs.former.end()) return std::nullopt;
  return end_of(*std::ranges::min_element(it, epochs.former.end(), {}, end_of));
}

}  // namespace

std::optional<CommitNumber> shared_until(const Epochs& epochs, Epoch epoch) {
  return least_end(epochs, epoch, [](const Epochs::Former& former) { return former.end; });
}

std::optional<CommitNumber> lists_shared_until(const Epochs& epochs, Epoch epoch) {
  return least_end(epochs, epoch, lists_end);
}

Epochs with_new_epoch(Epochs epochs, Epoch next, CommitNumber end) {
  epochs.former.push_back({epochs.current, end});
  epochs.current = next;
  return epochs;
}

std::string encode_epochs(const Epochs& epochs) {
  const bool with_lists = std::ranges::any_of(
      epochs.former, [](const auto& former) { return lists_end(former) != former.end; });
  std::string out(1, with_lists ? version_with_lists : version);
  put_number(out, epochs.current.get());
  for (const auto& former : epochs.former) {
    put_number(out, former.epoch.get());
    put_number(out, former.end.get());
    if (with_lists) put_number(out, lists_end(former).get());
  }
  return out;
}

std::optional<Epochs> decode_epochs(std::string_view bytes) {
  constexpr std::size_t head = 1 + number_bytes;
  if (bytes.size() < head || (bytes[0] != version && bytes[0] != version_with_lists)) {
    return std::nullopt;
  }
  const bool with_lists = bytes[0] == version_with_lists;
  const std::size_t row = (with_lists ? 3 : 2) * number_bytes;
  if ((bytes.size() - head) % row != 0) return std::nullopt;
  Epochs epochs;
  epochs.current = Epoch(number_at(bytes, 1));
  for (std::size_t at = head; at < bytes.size(); at += row) {
    Epochs::Former former{Epoch(number_at(bytes, at)),
                          CommitNumber(number_at(bytes, at + number_bytes))};
    const CommitNumber lists(with_lists ? number_at(bytes, at + 2 * number_bytes)
                                        : former.end.get());
    if (lists != former.end) former.lists_end = lists;
    epochs.former.push_back(former);
  }
  return epochs;
}

}  // namespace lockstep
