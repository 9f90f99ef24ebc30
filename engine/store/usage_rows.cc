// SPDX-License-Identifier: Apache-2.0
#include "engine/store/usage_rows.h"

#include <array>
#include <chrono>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"
#include "engine/store/keys.h"

namespace lockstep {
namespace {

constexpr char row_version_byte = 1;
constexpr std::size_t number_bytes = 8;
constexpr std::size_t day_bytes = 4;
constexpr std::size_t length_bytes = 2;
constexpr std::size_t seal_bytes = 8;
constexpr std::size_t value_bytes = 1 + 4 * number_bytes + seal_bytes;
constexpr std::uint64_t microseconds_of_a_day =
    std::chrono::microseconds(std::chrono::days(1)).count();
constexpr std::size_t name_bytes_max = 0xffff;

// The key's length comes first, so that no other key and content have the same bytes together.
std::string seal_of(std::string_view row_key, std::string_view bytes) {
  std::string sealed = keys::encode_number(row_key.size());
  sealed.append(row_key).append(bytes);
  const Hash hash = sha256(sealed);
  return {reinterpret_cast<const char*>(hash.data()), seal_bytes};
}

UsageCounts counts_of(const ThreadState& state, const RunState& row, ReadUsage read) {
  UsageCounts counts;
  counts.runs = 1;
  if (row.run.usage) return counts += read(row.run.usage->text);
  for (const std::uint32_t number : row.messages) {
    const Message& message = state.messages[number].message;
    if (message.usage) counts += read(message.usage->text);
  }
  return counts;
}

}  // namespace

std::uint32_t day_of(Timestamp at) {
  return static_cast<std::uint32_t>(at.get() / microseconds_of_a_day);
}

std::string usage_rows_of(std::string_view prefix, const UserId& user) {
  MUST(user.get().size() <= name_bytes_max);
  std::string key(prefix);
  key += keys::encode_number(user.get().size()).substr(number_bytes - length_bytes);
  return key += user.get();
}

std::string usage_row_key(std::string_view prefix, const UsageKey& key) {
  return usage_rows_of(prefix, key.user) +
         keys::encode_number(key.day).substr(number_bytes - day_bytes) + key.agent.get();
}

std::optional<UsageKey> decode_usage_key(std::string_view prefix, std::string_view row_key) {
  if (!row_key.starts_with(prefix)) return {};
  row_key.remove_prefix(prefix.size());
  if (row_key.size() < length_bytes) return {};
  const std::string padding(number_bytes, '\0');
  const auto number = [&padding](std::string_view bytes) {
    return keys::decode_number(padding.substr(bytes.size()) + std::string(bytes));
  };
  const auto length = number(row_key.substr(0, length_bytes));
  row_key.remove_prefix(length_bytes);
  if (!length || row_key.size() < *length + day_bytes) return {};
  UsageKey key;
  key.user = UserId(std::string(row_key.substr(0, *length)));
  row_key.remove_prefix(*length);
  const auto day = number(row_key.substr(0, day_bytes));
  if (!day) return {};
  key.day = static_cast<std::uint32_t>(*day);
  key.agent = AgentName(std::string(row_key.substr(day_bytes)));
  return key;
}

std::string encode(std::string_view row_key, const UsageCounts& counts) {
  std::string bytes(1, row_version_byte);
  for (const std::uint64_t number : {counts.runs, counts.input, counts.cached, counts.output}) {
    bytes += keys::encode_number(number);
  }
  bytes += seal_of(row_key, bytes);
  return bytes;
}

Result<UsageCounts> decode_usage_counts(std::string_view row_key, std::string_view value) {
  const bool whole = value.size() == value_bytes && value.front() == row_version_byte &&
                     value.substr(value_bytes - seal_bytes) ==
                         seal_of(row_key, value.substr(0, value_bytes - seal_bytes));
  if (!whole) {
    return fail(Kind::corrupt, codes::corrupt,
                "a row of the totals of usage is damaged: stop the server and run `rebuild`");
  }
  std::array<std::uint64_t, 4> numbers{};
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    numbers[at] = *keys::decode_number(value.substr(1 + at * number_bytes, number_bytes));
  }
  return UsageCounts{numbers[0], numbers[1], numbers[2], numbers[3]};
}

Result<UsageCounts> read_usage_row(const Store& store, const std::string& row_key) {
  TRY_LET(value, store.get(Table::meta, row_key));
  if (!value) return UsageCounts();
  return decode_usage_counts(row_key, *value);
}

RowWrite usage_row(std::string_view prefix, const UsageKey& key, const UsageCounts& counts) {
  std::string row_key = usage_row_key(prefix, key);
  std::string value = encode(row_key, counts);
  return {Table::meta, std::move(row_key), std::move(value), RowWrite::Stamp::none};
}

UsageMap usage_of(const ThreadState& after, const Entry& entry, ReadUsage read) {
  UsageMap used;
  for (const Event& event : entry.events) {
    const auto* ended = std::get_if<RunEnded>(&event);
    if (!ended) continue;
    const RunState* row = after.run(ended->run);
    MUST(row != nullptr);
    used[{after.owner, day_of(entry.at), row->run.agent}] += counts_of(after, *row, read);
  }
  return used;
}

UsageMap usage_of(const ThreadState& state, ReadUsage read) {
  UsageMap used;
  for (std::size_t number = 0; number < state.runs.size(); ++number) {
    const RunState& row = state.runs[number];
    if (!row.run.ended) continue;
    used[{state.owner, day_of(*row.run.ended), row.run.agent}] += counts_of(state, row, read);
  }
  return used;
}

void add(UsageMap& to, const UsageMap& more) {
  for (const auto& [key, counts] : more) to[key] += counts;
}

}  // namespace lockstep
