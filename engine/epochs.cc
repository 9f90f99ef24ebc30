#include "engine/epochs.h"

#include <algorithm>
#include <limits>

namespace lockstep {
namespace {

constexpr char version = 1;
constexpr std::size_t number_bytes = 8;

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

}  // namespace

std::optional<CommitNumber> shared_until(const Epochs& epochs, Epoch epoch) {
  if (epoch == epochs.current) return CommitNumber(std::numeric_limits<std::uint64_t>::max());
  auto it = std::ranges::find(epochs.former, epoch, &Epochs::Former::epoch);
  if (it == epochs.former.end()) return std::nullopt;
  return std::ranges::min_element(it, epochs.former.end(), {}, &Epochs::Former::cut)->cut;
}

Epochs after_cut(Epochs epochs, Epoch next, CommitNumber cut) {
  epochs.former.push_back({epochs.current, cut});
  epochs.current = next;
  return epochs;
}

std::string encode_epochs(const Epochs& epochs) {
  std::string out(1, version);
  put_number(out, epochs.current.get());
  for (const auto& former : epochs.former) {
    put_number(out, former.epoch.get());
    put_number(out, former.cut.get());
  }
  return out;
}

std::optional<Epochs> decode_epochs(std::string_view bytes) {
  constexpr std::size_t head = 1 + number_bytes;
  constexpr std::size_t row = 2 * number_bytes;
  if (bytes.size() < head || bytes[0] != version || (bytes.size() - head) % row != 0) {
    return std::nullopt;
  }
  Epochs epochs;
  epochs.current = Epoch(number_at(bytes, 1));
  for (std::size_t at = head; at < bytes.size(); at += row) {
    epochs.former.push_back(
        {Epoch(number_at(bytes, at)), CommitNumber(number_at(bytes, at + number_bytes))});
  }
  return epochs;
}

}  // namespace lockstep
