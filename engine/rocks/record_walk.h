// SPDX-License-Identifier: Apache-2.0
// record_walk.h: RocksDB's files of records, checked from outside.
//
//   block      32 KiB, the last one shorter
//   fragment   crc32c:4le (masked, over type and bytes) · length:2le · type:1 · bytes
//   type       1 a whole record; 2, 3, 4 the first, a middle and the last fragment of one
//
// Fewer than 7 bytes at a block's end are zeros. The write-ahead log and the manifest are such
// files. RocksDB (7.8) passes over what reads as zeros in their middle, and cuts off what does not
// end, without a word; and its reader for secondaries can go round for ever in a damaged manifest.
// So each file is walked before it is opened: what is behind the last whole record is counted, and
// what is damaged is named with its place.
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

  // Is given each whole record before the first damage. May be empty.
  using OnRecord = std::function<void(std::string_view record)>;
  // `anywhere`: the first block may begin within a record, whose rest is passed over.
  enum class Begin { at_a_record, anywhere };
  explicit RecordWalk(OnRecord on_record = {}, Begin begin = Begin::at_a_record)
      : lost_(begin == Begin::anywhere), on_record_(std::move(on_record)) {}

  // In order; only the last may be shorter than `block_bytes`.
  void block(std::string_view bytes);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Where the last whole record ends: behind it lies what was never flushed.
  [[nodiscard]] std::uint64_t whole() const { return whole_; }
  // The first place that no crash can have left so.
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
  std::optional<std::uint64_t> end_;  // of what can be read: zeros, or half a fragment
  std::optional<std::uint64_t> damaged_at_;
  bool lost_ = false;    // no record has begun yet, and need not have
  bool within_ = false;  // a record has begun and not ended
  OnRecord on_record_;
  std::string gathered_;  // of the record that has begun, if somebody asks
};

}  // namespace lockstep
