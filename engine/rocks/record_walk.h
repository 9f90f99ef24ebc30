// SPDX-License-Identifier: Apache-2.0
// record_walk.h: RocksDB's files of records, checked from outside.
//
//   block      32 KiB, the last one shorter
//   fragment   crc32c:4le (masked, over type and bytes) · length:2le · type:1 · bytes
//   type       1 a whole record; 2, 3, 4 the first, a middle and the last fragment of one
//
// If fewer than 7 bytes are left in a block, they are zeros. The write-ahead log and the manifest
// are such files. RocksDB (7.8) silently skips zeros in their middle and drops a record that does
// not end, and its reader for secondaries can loop for ever in a damaged manifest. So we walk each
// file before RocksDB opens it: we count the bytes behind the last whole record, and name damage
// with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

class RecordWalk {
 public:
  static constexpr std::size_t block_bytes = 32 << 10;
  static constexpr std::size_t header_bytes = 7;

  // Called with each whole record before the first damage. May be empty.
  using OnRecord = std::function<void(std::string_view record)>;
  // `anywhere`: the first block may begin within a record, whose rest is skipped.
  enum class Begin { at_a_record, anywhere };
  explicit RecordWalk(OnRecord on_record = {}, Begin begin = Begin::at_a_record)
      : lost_(begin == Begin::anywhere), on_record_(std::move(on_record)) {}

  // Takes the blocks in order; only the last may be shorter than `block_bytes`.
  void block(std::string_view bytes);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Where the last whole record ends: the bytes behind it were never flushed.
  [[nodiscard]] std::uint64_t whole() const { return whole_; }
  // The first place that a crash alone can't explain.
  [[nodiscard]] std::optional<std::uint64_t> damaged_at() const { return damaged_at_; }

 private:
  enum class Seen { whole, ended };
  [[nodiscard]] Seen fragment(std::string_view block, std::size_t at);
  void record(std::uint8_t type, std::uint64_t at, std::string_view bytes);
  void damaged(std::uint64_t at) {
    if (!damaged_at_) damaged_at_ = at;
  }

  std::uint64_t size_ = 0;
  std::uint64_t whole_ = 0;
  std::optional<std::uint64_t> end_;  // where only zeros or half a fragment follow
  std::optional<std::uint64_t> damaged_at_;
  bool lost_ = false;    // still within the record in which the first block began
  bool within_ = false;  // a record has begun and not ended
  OnRecord on_record_;
  std::string gathered_;  // the record that has begun, for `on_record_`
};

}  // namespace lockstep
