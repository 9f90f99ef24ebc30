// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/backup_note.h"

#include "engine/base/must.h"
#include "engine/rocks/crc32c.h"
#include "engine/rocks/rocks_keys.h"

namespace lockstep {
namespace {

constexpr char version = 1;
constexpr std::size_t number_bytes = 8;
constexpr std::size_t sum_bytes = 4;
constexpr std::size_t note_bytes = 1 + 3 * number_bytes + sum_bytes;
static_assert(number_bytes == sizeof(CommitNumber) && number_bytes == sizeof(Epoch));

std::uint64_t number_at(std::string_view bytes, std::size_t place) {
  return *decode_number(bytes.substr(1 + place * number_bytes, number_bytes));
}

}  // namespace

std::string encode_note(const BackupNote& note) {
  std::string out(1, version);
  out += encode_number(note.format);
  out += encode_number(note.commit.get());
  out += encode_number(note.epoch.get());
  const std::uint32_t sum = crc32c(out);
  for (std::size_t i = 0; i < sum_bytes; ++i) {
    out.push_back(static_cast<char>(sum >> (8 * i) & 0xff));
  }
  MUST(out.size() == note_bytes);
  return out;
}

std::optional<BackupNote> decode_note(std::string_view bytes) {
  if (bytes.size() != note_bytes || bytes[0] != version) return std::nullopt;
  const BackupNote note{number_at(bytes, 0), CommitNumber(number_at(bytes, 1)),
                        Epoch(number_at(bytes, 2))};
  if (encode_note(note) != bytes) return std::nullopt;
  return note;
}

}  // namespace lockstep
