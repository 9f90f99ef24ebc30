// SPDX-License-Identifier: Apache-2.0
#include "engine/store/keys.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/base/must.h"

namespace lockstep::keys {
namespace {

static_assert(limits::id_bytes_max <= UINT16_MAX, "the length of a user's name has two bytes");

constexpr char thread_kind = 't';
constexpr char message_kind = 'm';
constexpr char run_kind = 'r';
constexpr char device_kind = 'd';

void append(std::string& key, std::uint64_t number, int bytes) {
  // A number that lost its upper bytes would be the key of another row.
  MUST(bytes == 8 || number >> (8 * bytes) == 0);
  for (int byte = bytes - 1; byte >= 0; --byte) {
    key.push_back(static_cast<char>(static_cast<std::uint8_t>(number >> (8 * byte))));
  }
}

void append_name(std::string& key, std::string_view name) {
  MUST(name.size() <= UINT16_MAX);
  append(key, name.size(), 2);
  key.append(name);
}

// Takes a key apart from its front. Once a piece is missing, all later pieces are empty or 0.
class Taker {
 public:
  explicit Taker(std::string_view key) : rest_(key) {}

  std::uint64_t number(std::size_t bytes) {
    MUST(bytes <= sizeof(std::uint64_t));
    std::uint64_t number = 0;
    for (const char byte : take(bytes)) number = number << 8 | static_cast<std::uint8_t>(byte);
    return number;
  }
  std::string_view name() { return take(number(2)); }
  Hash hash() {
    Hash hash{};
    std::ranges::copy(take(hash.size()), reinterpret_cast<char*>(hash.data()));
    return hash;
  }
  std::string_view rest() { return take(rest_.size()); }
  // Every piece was there, and no byte is left.
  [[nodiscard]] bool done() const { return !short_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) short_ = true;
    if (short_) return {};
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
  bool short_ = false;
};

struct PlaceWriter {
  std::string& key;

  void operator()(const ThreadPlace&) { key.push_back(thread_kind); }
  void operator()(const MessagePlace& place) {
    key.push_back(message_kind);
    append(key, place.number, 4);
  }
  void operator()(const RunPlace& place) {
    key.push_back(run_kind);
    append(key, place.number, 4);
  }
  void operator()(const DeviceKey& place) {
    key.push_back(device_kind);
    append_name(key, place.user.get());
    key.append(place.device.get());  // the last part needs no length
  }
};

}  // namespace

std::string snapshot_row(ThreadNumber thread, const SnapshotPlace& place) {
  std::string key = snapshot(thread);
  std::visit(PlaceWriter{key}, place);
  return key;
}

std::optional<SnapshotPlace> decode_snapshot_row(ThreadNumber thread, std::string_view key) {
  Taker taker(key);
  if (taker.number(8) != thread.get()) return std::nullopt;
  SnapshotPlace place;
  switch (taker.number(1)) {
    case thread_kind:
      place = ThreadPlace{};
      break;
    case message_kind:
      place = MessagePlace{static_cast<std::uint32_t>(taker.number(4))};
      break;
    case run_kind:
      place = RunPlace{static_cast<std::uint32_t>(taker.number(4))};
      break;
    case device_kind: {
      const UserId user{std::string(taker.name())};
      place = DeviceKey{user, DeviceId(std::string(taker.rest()))};
      break;
    }
    default:
      return std::nullopt;
  }
  return taker.done() ? std::optional(place) : std::nullopt;
}

std::string snapshot(ThreadNumber thread) { return encode_number(thread.get()); }

std::string thread(const ThreadName& name) { return threads(name.owner) + name.id.get(); }

std::optional<ThreadName> decode_thread(std::string_view key) {
  Taker taker(key);
  UserId owner{std::string(taker.name())};
  ThreadId id{std::string(taker.rest())};
  if (!taker.done() || !is_id(id.get())) return std::nullopt;
  return ThreadName{std::move(owner), std::move(id)};
}

std::string threads(const UserId& user) {
  std::string key;
  append_name(key, user.get());
  return key;
}

std::string deleted(const ThreadName& name) { return std::string(deleted_prefix) + thread(name); }

std::optional<ThreadName> decode_deleted(std::string_view key) {
  if (!key.starts_with(deleted_prefix)) return std::nullopt;
  return decode_thread(key.substr(deleted_prefix.size()));
}

std::string blobs(const UserId& user, const Hash& hash) {
  std::string key(blob_prefix);
  append_name(key, user.get());
  key.append(settings(hash));
  return key;
}

std::string blob(const BlobKey& key) {
  return blobs(key.user, key.hash) + encode_number(key.thread.get());
}

std::optional<BlobKey> decode_blob(std::string_view key) {
  if (!key.starts_with(blob_prefix)) return std::nullopt;
  Taker taker(key.substr(blob_prefix.size()));
  BlobKey decoded{UserId(std::string(taker.name())), taker.hash(), ThreadNumber(taker.number(8))};
  return taker.done() && is_id(decoded.user.get()) ? std::optional(std::move(decoded))
                                                   : std::nullopt;
}

std::string named(ThreadNumber thread) {
  return std::string(named_prefix) + encode_number(thread.get());
}

std::string named(ThreadNumber thread, const Hash& hash) { return named(thread) + settings(hash); }

std::optional<Hash> decode_named(ThreadNumber thread, std::string_view key) {
  const std::string prefix = named(thread);
  if (!key.starts_with(prefix)) return std::nullopt;
  return decode_settings(key.substr(prefix.size()));
}

std::optional<ThreadNumber> decode_named_thread(std::string_view key) {
  if (!key.starts_with(named_prefix)) return std::nullopt;
  Taker taker(key.substr(named_prefix.size()));
  const ThreadNumber thread(taker.number(8));
  (void)taker.hash();
  return taker.done() ? std::optional(thread) : std::nullopt;
}

std::string open_run(const OpenRunKey& key) {
  std::string bytes = open_runs(key.thread);
  append(bytes, key.run, 4);
  return bytes;
}

std::optional<OpenRunKey> decode_open_run(std::string_view key) {
  Taker taker(key);
  const ThreadNumber thread(taker.number(8));
  const auto run = static_cast<std::uint32_t>(taker.number(4));
  return taker.done() ? std::optional(OpenRunKey{thread, run}) : std::nullopt;
}

std::string open_runs(ThreadNumber thread) { return encode_number(thread.get()); }

std::string feed(const UserId& user) {
  std::string key;
  append_name(key, user.get());
  return key;
}

std::string feed(const UserId& user, CommitNumber commit) {
  std::string key = feed(user);
  append(key, commit.get(), 8);
  return key;
}

std::optional<FeedKey> decode_feed(std::string_view key) {
  Taker taker(key);
  UserId user{std::string(taker.name())};
  const CommitNumber commit(taker.number(8));
  return taker.done() ? std::optional(FeedKey{std::move(user), commit}) : std::nullopt;
}

std::string settings(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::optional<Hash> decode_settings(std::string_view key) {
  Hash hash{};
  if (key.size() != hash.size()) return std::nullopt;
  std::ranges::copy(key, reinterpret_cast<char*>(hash.data()));
  return hash;
}

std::string encode_number(std::uint64_t number) {
  std::string bytes;
  append(bytes, number, 8);
  return bytes;
}

std::optional<std::uint64_t> decode_number(std::string_view bytes) {
  Taker taker(bytes);
  const std::uint64_t number = taker.number(8);
  return taker.done() ? std::optional(number) : std::nullopt;
}

}  // namespace lockstep::keys
